//! The way to a cluster: a context of the kubeconfig, as kubectl would take it.

use std::time::Duration;

use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};

use crate::api::Api;
use crate::error::ClusterError;

/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(5);
/// How long an answer may take, the patience of single questions aside.
const READ: Duration = Duration::from_secs(60);

/// A cluster that can be asked.
#[derive(Clone)]
pub struct Connection {
    /// The API server.
    pub api: Api,
    /// The context's name; `in-cluster` in a pod.
    pub context: String,
    /// The server's URL.
    pub server: String,
    /// Whether it is on this machine.
    pub local: bool,
}

/// Reads the kubeconfig and makes a client of the context; the current one when none is named. No
/// question is asked yet.
///
/// # Errors
/// There is no such context, or it cannot be used.
pub async fn connect(context: Option<&str>) -> Result<Connection, ClusterError> {
    let named = || {
        let current = Kubeconfig::read().ok().and_then(|all| all.current_context);
        context.map(str::to_owned).or(current).unwrap_or_else(|| "in-cluster".to_owned())
    };
    let mut config = config(context).await?;
    config.connect_timeout = Some(CONNECT);
    config.read_timeout = Some(READ);
    config.write_timeout = Some(READ);
    // A question to a Prometheus that is not there would be repeated for minutes.
    config.default_retry = false;
    let server = config.cluster_url.to_string().trim_end_matches('/').to_owned();
    let host = config.cluster_url.host().unwrap_or_default().to_owned();
    // What is on this machine is never reached through a proxy of the company's.
    if is_local(&host) {
        config.proxy_url = None;
    }
    let client = Client::try_from(config).map_err(|why| ClusterError::Connect(words(&why)))?;
    let api = Api::new(client, server.clone());
    Ok(Connection { api, context: named(), server, local: is_local(&host) })
}

/// What the kubeconfig says of a context; the current one when none is named.
pub(crate) async fn config(context: Option<&str>) -> Result<Config, ClusterError> {
    let options =
        KubeConfigOptions { context: context.map(str::to_owned), cluster: None, user: None };
    match Config::from_kubeconfig(&options).await {
        Ok(config) => Ok(config),
        // Inside a pod there is no file, but the pod's own account.
        Err(why) if context.is_none() => {
            Config::incluster().map_err(|_| ClusterError::Connect(words(&why)))
        }
        Err(why) => Err(ClusterError::Connect(words(&why))),
    }
}

fn is_local(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let address: Option<std::net::IpAddr> = host.parse().ok();
    host == "localhost" || address.is_some_and(|address| address.is_loopback())
}

/// An error and its causes.
pub(crate) fn words(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let said = cause.to_string();
        if !text.contains(&said) {
            text = format!("{text}: {said}");
        }
        next = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_on_this_machine_is_local() {
        for host in ["127.0.0.1", "localhost", "[::1]", "127.8.9.1"] {
            assert!(is_local(host), "{host}");
        }
        assert!(!is_local("10.0.0.1") && !is_local("example.org"));
    }
}
