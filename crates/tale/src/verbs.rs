//! What the program can be asked to do: one file per verb, which does it and prints what came of
//! it.

pub mod alerts;
mod ask;
pub mod chaos;
pub mod cluster;
pub mod doctor;
pub mod down;
pub mod gate;
pub mod generate;
pub mod images;
pub mod inbox;
pub mod list;
pub mod load;
pub mod logs;
pub mod play;
pub mod reset;
pub mod rollout;
pub mod set;
pub mod slo;
pub mod stage_run;
pub mod status;
pub mod up;
