//! Everything a service needs to be seen into.
//!
//! A service calls [`run`] from `main` and builds its Rocket application on [`Service::rocket`].
//! That alone gives it:
//!
//! | what | where to read |
//! | --- | --- |
//! | traffic, errors, latency, saturation | [`signals`], `fairing`, `in_flight`, `body` |
//! | open connections | [`sockets`] |
//! | CPU, memory, threads, descriptors | `process`, [`memory`] |
//! | heap profiles | `profile`, `symbols`, `pprof` |
//! | traces, in and out | `spans`, [`otlp`] |
//! | logs with trace ids | [`logs`] |
//! | admin port, health, readiness | `admin` |
//! | settings with clear errors | [`env`](mod@env) |
//! | start, drain, stop | `run` |
//! | outgoing calls: DNS and HTTP | [`dns`], [`client`] |
//! | the bugs that are switched on | [`faults`] |

mod admin;
mod body;
pub mod client;
pub mod dns;
pub mod env;
mod fairing;
pub mod faults;
mod in_flight;
pub mod logs;
#[cfg_attr(feature = "dhat-heap", path = "memory_dhat.rs")]
pub mod memory;
pub mod otlp;
#[cfg(not(feature = "dhat-heap"))]
mod pprof;
mod process;
#[cfg_attr(feature = "dhat-heap", path = "profile_dhat.rs")]
mod profile;
mod run;
mod service;
pub mod signals;
pub mod sockets;
mod spans;
#[cfg(not(feature = "dhat-heap"))]
mod symbols;

pub use env::{Env, SettingError};
pub use fairing::GoldenSignals;
pub use run::run;
pub use service::{Service, StartError};
pub use spans::{traced, traced_catchers};

/// The README's example has to compile.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
