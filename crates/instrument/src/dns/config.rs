//! Which files to read, and on which port name servers listen: from the environment, once, at
//! start.

use std::{num::NonZeroU16, path::PathBuf};

use resolver::{Config, HOSTS_FILE, RESOLV_CONF, RESOLV_PORT};

use crate::env::{Env, SettingError};

/// Reads `RESOLV_CONF`, `RESOLV_PORT` and `HOSTS_FILE`.
///
/// # Errors
/// `RESOLV_PORT` is not a port number.
pub fn resolver_config(env: &Env) -> Result<Config, SettingError> {
    let default = Config::default();
    let port = NonZeroU16::new(default.port).expect("53 is not 0");
    Ok(Config {
        hosts: env.text(HOSTS_FILE)?.map_or(default.hosts, PathBuf::from),
        resolv_conf: env.text(RESOLV_CONF)?.map_or(default.resolv_conf, PathBuf::from),
        port: env.parse(RESOLV_PORT, port, "set it to a number from 1 to 65535")?.get(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_variables_the_system_files_and_port_53_are_used() {
        let config = resolver_config(&Env::of([])).unwrap();
        assert_eq!(config.resolv_conf, PathBuf::from("/etc/resolv.conf"));
        assert_eq!(config.hosts, PathBuf::from("/etc/hosts"));
        assert_eq!(config.port, 53);
    }

    #[test]
    fn every_variable_is_honoured() {
        let config = resolver_config(&Env::of([
            (RESOLV_CONF, "/tmp/pod/resolv.conf"),
            (RESOLV_PORT, "5353"),
            (HOSTS_FILE, "/tmp/pod/hosts"),
        ]))
        .unwrap();
        assert_eq!(config.resolv_conf, PathBuf::from("/tmp/pod/resolv.conf"));
        assert_eq!(config.hosts, PathBuf::from("/tmp/pod/hosts"));
        assert_eq!(config.port, 5353);
    }

    #[test]
    fn a_bad_port_is_refused_with_the_variable_and_the_remedy() {
        for value in ["0", "65536", "-1", "dns"] {
            let error = resolver_config(&Env::of([(RESOLV_PORT, value)])).unwrap_err();
            let error = error.to_string();
            assert!(error.contains("RESOLV_PORT") && error.contains("1 to 65535"), "{error}");
        }
    }
}
