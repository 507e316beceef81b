//! Which files to read, and on which port name servers listen.
//!
//! In a cluster nobody changes these. On a laptop each process gets files of its own, because there
//! is only one `/etc/resolv.conf`, and a port above 1024, because low ports need privileges.
//!
//! The crate itself reads no environment: a program does, and hands over what it found.

use std::path::PathBuf;

/// Environment variable: path of the resolver configuration. Default `/etc/resolv.conf`.
pub const RESOLV_CONF: &str = "RESOLV_CONF";

/// Environment variable: port of every name server, 1 to 65535. Default 53. (`resolv.conf` itself
/// cannot name a port.)
pub const RESOLV_PORT: &str = "RESOLV_PORT";

/// Environment variable: path of the hosts file. Default `/etc/hosts`. A file that does not exist
/// is an empty one.
pub const HOSTS_FILE: &str = "HOSTS_FILE";

/// Where names are looked up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Path of the hosts file, in the format of `man 5 hosts`.
    pub hosts: PathBuf,
    /// Path of the resolver configuration, in the format of `man 5 resolv.conf`.
    pub resolv_conf: PathBuf,
    /// UDP and TCP port of every name server, 1 to 65535.
    pub port: u16,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            hosts: PathBuf::from("/etc/hosts"),
            resolv_conf: PathBuf::from("/etc/resolv.conf"),
            port: 53,
        }
    }
}
