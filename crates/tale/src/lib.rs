//! The command line: plays tales, and checks every step of them.
//!
//! `main.rs` reads the arguments and calls one function per subcommand. The story of a play is in
//! [`play`], a promise in [`promises`], what is written about it in [`report`]. The stage without a
//! story is in [`up`] and [`stage_run`]; every stage can be talked to through [`control`].

mod acting;
pub mod ask_gate;
pub mod budget;
pub mod chaos_verbs;
pub mod cli;
pub mod columns;
pub mod control;
pub mod doctor;
pub mod down;
pub mod evidence;
pub mod first_look;
pub mod gate;
pub mod generate;
pub mod interruptions;
pub mod length;
pub mod nearest;
pub mod play;
pub mod prepare;
pub mod prometheus;
pub mod promises;
pub mod record;
pub mod report;
pub mod slo_verbs;
pub mod stage_dirs;
pub mod stage_run;
pub mod status;
pub mod story;
pub mod ui;
pub mod up;
pub mod world;
