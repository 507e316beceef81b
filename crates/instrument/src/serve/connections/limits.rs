//! How many connections, and how long each may take for what: the settings.
//!
//! The values are the usual ones of servers that stand in the open (nginx, Apache's
//! `mod_reqtimeout`, Node), at the strict end: a browser on a bad line is well within them.

use std::num::NonZeroU32;
use std::str::FromStr;

use rustix::process::{Resource, getrlimit};

use crate::env::{Env, SettingError};
use crate::serve::delay::Delay;

/// Descriptors that are not for connections: the listener, the runtime's, outgoing calls, logs.
const RESERVED: u64 = 64;

/// Who accepts connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Handling {
    Hardened,
    Vulnerable,
}

impl FromStr for Handling {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "hardened" => Ok(Self::Hardened),
            "vulnerable" => Ok(Self::Vulnerable),
            _ => Err("there is no such handling"),
        }
    }
}

/// The limits of `hardened`. A time of 0 is none.
#[derive(Clone, Debug)]
pub(super) struct Limits {
    /// Connections at a time.
    pub(super) connections: usize,
    /// Connections at a time from one address.
    pub(super) per_address: usize,
    /// Nothing asked, nothing left to send.
    pub(super) idle: Delay,
    /// From the first byte of a request to the end of its head.
    pub(super) head: Delay,
    /// From the end of the head to the last byte of the body.
    pub(super) body: Delay,
    /// From the end of the head to the last byte of an answer of known length, or to the first one
    /// of a stream.
    pub(super) request: Delay,
    /// For the client to take anything at all of what is to be sent.
    pub(super) write: Delay,
    /// The longest body.
    pub(super) body_bytes: usize,
}

impl Limits {
    /// Reads them.
    ///
    /// # Errors
    /// If one cannot be used.
    pub(super) fn read(env: &Env) -> Result<Self, SettingError> {
        let number = |name, default: u32| -> Result<usize, SettingError> {
            let default = NonZeroU32::new(default).unwrap_or(NonZeroU32::MIN);
            let number = env.parse(name, default, "set it to a number from 1 up")?;
            Ok(usize::try_from(number.get()).unwrap_or(usize::MAX))
        };
        let time = |name, seconds| env.parse(name, Delay::seconds(seconds), Delay::REMEDY);
        let connections = affordable(number("CONNECTIONS_MAX", 1024)?);
        Ok(Self {
            connections,
            // No limit of its own by default: behind a proxy all clients have one address.
            per_address: number("CONNECTIONS_PER_ADDRESS", u32::MAX)?,
            idle: time("CONNECTION_IDLE_TIMEOUT", 15)?,
            head: time("CONNECTION_HEAD_TIMEOUT", 5)?,
            body: time("CONNECTION_BODY_TIMEOUT", 10)?,
            request: time("CONNECTION_REQUEST_TIMEOUT", 60)?,
            write: time("CONNECTION_WRITE_TIMEOUT", 10)?,
            body_bytes: number("CONNECTION_BODY_BYTES", 1 << 20)?,
        })
    }
}

/// As many as wanted, or as there are descriptors for: a limit that the kernel sets first is none.
fn affordable(wanted: usize) -> usize {
    let descriptors = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    let most = descriptors.saturating_sub(RESERVED).max(1);
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    if wanted > most {
        tracing::warn!(wanted, most, "CONNECTIONS_MAX: there are not so many file descriptors");
    }
    wanted.min(most)
}
