//! Everything a service needs to be seen into.
//!
//! An application of your own attaches [`GoldenSignals`] and is done. A service of this project
//! calls [`run`] from `main` and builds its Rocket application on [`Service::rocket`]; that gives
//! it all of this:
//!
//! | what | where to read | feature |
//! | --- | --- | --- |
//! | traffic, errors, latency, saturation | [`signals`] | |
//! | CPU, memory, threads, descriptors | [`process`] | |
//! | open connections | [`sockets`] | |
//! | connections that are too many, or too slow | `serve/connections.rs` | |
//! | the bugs that are switched on | [`faults`] | |
//! | settings with clear errors | [`env`](mod@env) | |
//! | start, drain, stop; admin port, health, readiness | `serve` | |
//! | an allocator that gives memory back, and says what it holds | [`memory`] | `allocator` |
//! | heap profiles | `memory/profile.rs` | `profiles` |
//! | traces in and out, logs with trace ids | `traces` | `traces` |
//! | outgoing calls: DNS and HTTP | `dns`, `client` | `client` |

#[cfg(feature = "client")]
pub mod client;
#[cfg(feature = "client")]
pub mod dns;
pub mod env;
mod failures;
pub mod faults;
pub mod memory;
pub mod process;
mod serve;
pub mod signals;
pub mod sockets;
mod start_error;
#[cfg(feature = "traces")]
pub mod traces;
#[cfg(not(feature = "traces"))]
#[path = "traces/off.rs"]
mod traces;

pub use env::{Env, SettingError};
pub use serve::{Service, Upload, run, run_with};
pub use signals::GoldenSignals;
pub use start_error::StartError;
#[cfg(feature = "traces")]
pub use traces::{traced, traced_catchers};

/// The README's examples have to compile.
#[cfg(all(doctest, feature = "traces"))]
#[doc = include_str!("../README.md")]
struct Readme;
