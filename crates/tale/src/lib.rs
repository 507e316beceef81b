//! The command line: plays tales, and checks every step of them.
//!
//! `main.rs` reads the arguments ([`cli`]) and hands them to one of the [`verbs`]. A tale as it is
//! written is a [`story`], each of its steps one of the [`promises`], its performance a [`play`],
//! and what is written about it a [`report`]. [`setup`] puts a tale on a stage; every stage can be
//! talked to from another terminal through [`control`].

pub mod budget;
pub mod cli;
pub mod clients;
pub mod control;
pub mod exit;
pub mod finding;
pub mod first_process;
pub mod folders;
pub mod front;
pub mod gate;
pub mod hidden;
mod http;
pub mod in_cluster;
pub mod machine;
pub mod nearest;
pub mod pages;
pub mod play;
pub mod prometheus;
pub mod promises;
pub mod report;
mod rollout;
pub mod setup;
pub mod story;
pub mod tables;
pub mod terminal;
pub mod verbs;
pub mod workshop;
pub mod yaml;
