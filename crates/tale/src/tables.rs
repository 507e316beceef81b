//! A stage as tables: for the terminal, and for the page of a stage.

pub mod alerts;
pub mod inbox;
pub mod status;
