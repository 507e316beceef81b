//! A service from `main` to exit: two ports, one life.
//!
//! | file | one idea |
//! | --- | --- |
//! | `service.rs` | what every service has before its own routes are added |
//! | `run.rs` | start, serve, drain, flush |
//! | `admin.rs` | what operators and Prometheus ask, on a port and a thread of its own |
//! | `readiness.rs` | whether the service wants traffic |
//! | `stop.rs` | how a service leaves without dropping a request |
//! | `descriptors.rs` | why the admin port answers when no other can |

mod admin;
mod descriptors;
mod readiness;
mod run;
mod service;
mod stop;

pub use run::run;
pub use service::Service;
