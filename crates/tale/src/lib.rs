//! The command line: plays tales, and checks every step of them.
//!
//! `main.rs` reads the arguments and calls one function per subcommand. The story of a play is in [`play`], a promise in
//! [`promise`], what is written about it in [`report`].

pub mod cli;
pub mod doctor;
pub mod evidence;
pub mod gate;
pub mod generate;
pub mod injector;
pub mod play;
pub mod prometheus;
pub mod promise;
pub mod report;
pub mod stage_dirs;
pub mod story;
pub mod ui;
pub mod world;
