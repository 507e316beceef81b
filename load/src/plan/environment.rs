//! What the environment decides about a run: where names are looked up, where metrics are served.

use std::{
    io::Write,
    net::{IpAddr, SocketAddr},
};

use resolver::{Config, Resolver};

use super::error::{PlanError, refuse};
use crate::options::Environment;

/// The same rules as in the services that are called. What is ignored in its files goes to standard
/// error, once.
pub(crate) fn resolver(environment: &Environment) -> Result<Resolver, PlanError> {
    let default = Config::default();
    let port = match environment.resolv_port.as_deref().map(str::parse::<u16>) {
        None => default.port,
        Some(Ok(port)) if port > 0 => port,
        Some(_) => return refuse("RESOLV_PORT: set it to a number from 1 to 65535"),
    };
    let config = Config {
        hosts: environment.hosts_file.clone().unwrap_or(default.hosts),
        resolv_conf: environment.resolv_conf.clone().unwrap_or(default.resolv_conf),
        port,
    };
    Ok(Resolver::with_warnings(config, |warning| {
        // Nobody reads it: no reason to stop.
        let _ = writeln!(std::io::stderr(), "load: ignored: {warning}");
    }))
}

/// The address of the command line, else `METRICS_ADDRESS`, else the pod's with its admin port.
pub(crate) fn metrics_address(
    option: Option<SocketAddr>,
    environment: &Environment,
) -> Result<Option<SocketAddr>, PlanError> {
    if option.is_some() {
        return Ok(option);
    }
    if let Some(address) = &environment.metrics_address {
        return address
            .parse()
            .map(Some)
            .or_else(|_| refuse(format!("METRICS_ADDRESS={address}: write it as 127.0.0.1:9000")));
    }
    let Some(address) = &environment.rocket_address else {
        return Ok(None);
    };
    let Ok(address) = address.parse::<IpAddr>() else {
        return refuse(format!("ROCKET_ADDRESS={address}: set it to an IP address"));
    };
    let port = environment.admin_port.as_deref().unwrap_or("9000");
    match port.parse() {
        Ok(port) => Ok(Some(SocketAddr::new(address, port))),
        Err(_) => refuse(format!("ADMIN_PORT={port}: set it to a number from 0 to 65535")),
    }
}
