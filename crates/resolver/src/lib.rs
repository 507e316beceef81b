//! Names to addresses by glibc's rules, for programs that must notice when DNS fails.
//!
//! *Why not `getaddrinfo`, the C library's function behind [`std::net::ToSocketAddrs`]?*
//! - It blocks a thread and says little more than "failed". Here every failure has a [`Cause`]:
//!   `SERVFAIL` (the name server is in trouble) and `NXDOMAIN` (there is no such name) need
//!   different repairs.
//! - It may answer from a cache (nscd, systemd-resolved). This crate keeps none, so each lookup
//!   shows what DNS is like now.
//!
//! *Why not another resolver in Rust?* They read `resolv.conf` once. Kubernetes and Chaos Mesh
//! rewrite that file in the running container; here the very next lookup follows.
//!
//! It follows glibc, the C library of most containers, wherever the two can be compared; each
//! deliberate simplification is confessed where it is made, and listed in the README. Read the
//! files in this order:
//!
//! | file | one idea |
//! | --- | --- |
//! | `lookup.rs` | a lookup from start to end |
//! | `config.rs` | which files, which port |
//! | `local.rs` | the names that never reach DNS |
//! | `numeric.rs` | addresses written as text |
//! | `hosts.rs` | the hosts file |
//! | `watched_file.rs` | noticing that a file changed |
//! | `resolv_conf.rs` | `resolv.conf`, as it is now |
//! | `resolv_conf/parse.rs`, `options.rs` | what its lines mean |
//! | `settings.rs` | the result, and how long a lookup may take |
//! | `name.rs` | which names DNS can carry |
//! | `search.rs` | from `orders` to `orders.shop.svc.cluster.local.` |
//! | `exchange.rs` | whom to ask, how often, over UDP or TCP |
//! | `message.rs` | the bytes of a question and of its answer |
//! | `outcome.rs` | the seven ways a lookup can end |
//! | `warning.rs` | what is ignored in the files, reported once |

mod config;
mod exchange;
#[doc(hidden)]
pub mod fuzzing;
mod hosts;
mod local;
mod lookup;
mod message;
mod name;
mod numeric;
mod outcome;
mod resolv_conf;
mod search;
mod settings;
mod warning;
mod watched_file;

pub use config::{Config, HOSTS_FILE, RESOLV_CONF, RESOLV_PORT};
pub use lookup::Resolver;
pub use name::BadName;
pub use outcome::{Cause, Found, LookupError, Outcome, Source};
pub use resolv_conf::ResolvConfError;
pub use warning::{Problem, Warning};

/// The README's example has to compile.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
