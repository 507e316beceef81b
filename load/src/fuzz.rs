//! `load fuzz`: requests that are odd in a way that follows from a seed.
//!
//! Sound requests (`seeds`, `openapi`) are made odd (`mutate`), sent as they are (`exchange`), and
//! judged (`judge`). What fails is made as small as it can be (`shrink`) and printed as a command
//! (`shell`).

mod exchange;
mod judge;
mod message;
mod mutate;
mod node;
mod odd;
mod openapi;
mod options;
mod prepare;
mod report;
mod run;
mod seeds;
mod shell;
mod shrink;

pub(crate) use options::{Command, Fuzz, Verb};
pub(crate) use run::execute;
