//! The rules of single fields that several kinds of document share. Nothing here knows a document.

pub mod duration;
pub mod mode;
pub(crate) mod name;
pub(crate) mod old;
pub mod patterns;
pub mod problem;
pub(crate) mod read;
pub mod selector;
