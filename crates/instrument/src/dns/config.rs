//! Which `resolv.conf` to read, and on which port name servers listen.
//!
//! Both come from the environment, once, at start. In a cluster nobody sets them; on a laptop each
//! process gets its own file, because there is only one `/etc/resolv.conf`, and a port above 1024,
//! because low ports need privileges.

use std::{num::NonZeroU16, path::PathBuf};

use crate::env::{Env, SettingError};

/// Environment variable: path of the resolver configuration. Default `/etc/resolv.conf`.
pub const RESOLV_CONF: &str = "RESOLV_CONF";

/// Environment variable: port of every name server, 1 to 65535. Default 53. (`resolv.conf` itself
/// cannot name a port.)
pub const RESOLV_PORT: &str = "RESOLV_PORT";

/// Where name servers are found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResolverConfig {
    /// Path of the resolver configuration, in the format of `man 5 resolv.conf`.
    pub resolv_conf: PathBuf,
    /// UDP and TCP port of every name server.
    pub port: u16,
}

impl Default for ResolverConfig {
    fn default() -> Self {
        Self { resolv_conf: PathBuf::from("/etc/resolv.conf"), port: 53 }
    }
}

impl ResolverConfig {
    /// Reads `RESOLV_CONF` and `RESOLV_PORT`.
    ///
    /// # Errors
    /// `RESOLV_PORT` is not a port number.
    pub fn from_env(env: &Env) -> Result<Self, SettingError> {
        let default = Self::default();
        let port = NonZeroU16::new(default.port).expect("53 is not 0");
        Ok(Self {
            resolv_conf: env.text(RESOLV_CONF)?.map_or(default.resolv_conf, PathBuf::from),
            port: env.parse(RESOLV_PORT, port, "set it to a number from 1 to 65535")?.get(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_variables_the_system_file_and_port_53_are_used() {
        let config = ResolverConfig::from_env(&Env::of([])).unwrap();
        assert_eq!(config.resolv_conf, PathBuf::from("/etc/resolv.conf"));
        assert_eq!(config.port, 53);
    }

    #[test]
    fn both_variables_are_honoured() {
        let env = Env::of([(RESOLV_CONF, "/tmp/pod/resolv.conf"), (RESOLV_PORT, "5353")]);
        let config = ResolverConfig::from_env(&env).unwrap();
        assert_eq!(config.resolv_conf, PathBuf::from("/tmp/pod/resolv.conf"));
        assert_eq!(config.port, 5353);
    }

    #[test]
    fn a_bad_port_is_refused_with_the_variable_and_the_remedy() {
        for value in ["0", "65536", "-1", "dns"] {
            let error = ResolverConfig::from_env(&Env::of([(RESOLV_PORT, value)])).unwrap_err();
            let error = error.to_string();
            assert!(error.contains("RESOLV_PORT") && error.contains("1 to 65535"), "{error}");
        }
    }
}
