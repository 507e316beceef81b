//! A service from `main` to exit: two ports, one life.
//!
//! | file | one idea |
//! | --- | --- |
//! | `service.rs` | what every service has before its own routes are added |
//! | `run.rs` | start, serve, drain, flush |
//! | `connections.rs`, its folder | who gets a connection, and for how long |
//! | `admin.rs` | what operators and Prometheus ask, on a port and a thread of its own |
//! | `index.rs` | its first page: what can be asked there |
//! | `readiness.rs` | whether the service wants traffic |
//! | `delay.rs` | a time in a setting |
//! | `stop.rs` | how a service leaves without dropping a request |
//! | `descriptors.rs` | why the admin port answers when no other can |
//! | `failed.rs` | which answers are a line in the log |

mod admin;
mod connections;
mod delay;
mod descriptors;
mod failed;
mod index;
mod readiness;
mod run;
mod service;
mod stop;

pub use connections::Upload;
pub use run::{run, run_with};
pub use service::Service;
