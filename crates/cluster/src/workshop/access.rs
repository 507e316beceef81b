//! The way in: where the API server is for attendees, and the token of each.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::objects::ATTENDEE;
use super::{Attendee, WorkshopName};
use crate::api::Api;
use crate::connect;
use crate::error::ClusterError;
use crate::object::text;

/// The API server as attendees reach it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    /// Its URL.
    pub url: String,
    /// The authority of its certificate, in PEM; none leaves it to the system's.
    pub authority: Option<String>,
    /// The name in its certificate, if that is not the one in the URL.
    pub tls_name: Option<String>,
}

impl Server {
    /// That of a context of the kubeconfig; at another URL if one is given, because attendees may
    /// be on the other side of a router.
    ///
    /// # Errors
    /// There is no such context, or it cannot be used.
    pub async fn of_context(
        context: Option<&str>,
        url: Option<&str>,
    ) -> Result<Self, ClusterError> {
        let config = connect::config(context).await?;
        let own = config.cluster_url.to_string().trim_end_matches('/').to_owned();
        let certificates = config.root_cert.unwrap_or_default();
        let pem: String = certificates.iter().map(|der| certificate(der)).collect();
        Ok(Self {
            url: url.map_or(own, |url| url.trim_end_matches('/').to_owned()),
            authority: (!pem.is_empty()).then_some(pem),
            tls_name: config.tls_server_name,
        })
    }

    /// What kubectl reads: this server, this namespace, this token.
    fn kubeconfig(&self, workshop: &WorkshopName, namespace: &str, token: &str) -> String {
        let authority = self
            .authority
            .as_ref()
            .map(|pem| format!("\n    certificate-authority-data: {}", STANDARD.encode(pem)));
        let name = self.tls_name.as_ref().map(|name| format!("\n    tls-server-name: {name}"));
        format!(
            "apiVersion: v1\nkind: Config\ncurrent-context: {namespace}\nclusters:\n- name: {workshop}\n  cluster:\n    server: {}{}{}\nusers:\n- name: {namespace}\n  user:\n    token: {token}\ncontexts:\n- name: {namespace}\n  context:\n    cluster: {workshop}\n    user: {namespace}\n    namespace: {namespace}\n",
            self.url,
            authority.unwrap_or_default(),
            name.unwrap_or_default(),
        )
    }
}

/// A token of an attendee, and the kubeconfig with it. Those that were handed out before stay valid
/// until their time is over, or the namespace gone.
pub(super) async fn attendee(
    api: &Api,
    server: &Server,
    workshop: &WorkshopName,
    namespace: &str,
    valid: Duration,
) -> Result<Attendee, ClusterError> {
    let path = format!("/api/v1/namespaces/{namespace}/serviceaccounts/{ATTENDEE}/token");
    let request = json!({"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest",
        "spec": {"expirationSeconds": valid.as_secs()}});
    let answer = api.create(&path, &request).await?;
    let token = text(&answer, "/status/token").to_owned();
    Ok(Attendee {
        name: namespace.to_owned(),
        kubeconfig: server.kubeconfig(workshop, namespace, &token),
        token,
        valid_until: text(&answer, "/status/expirationTimestamp").to_owned(),
    })
}

/// A certificate in PEM (RFC 7468).
fn certificate(der: &[u8]) -> String {
    let encoded = STANDARD.encode(der);
    let lines: Vec<&str> = encoded
        .as_bytes()
        .chunks(64)
        .map(|line| std::str::from_utf8(line).expect("base64 is ASCII"))
        .collect();
    format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", lines.join("\n"))
}

#[cfg(test)]
mod tests {
    use kube::config::Kubeconfig;

    use super::*;

    #[test]
    fn a_kubeconfig_is_one_that_a_client_reads() {
        let server = Server {
            url: "https://192.0.2.1:6443".to_owned(),
            authority: Some(certificate(&[7; 100])),
            tls_name: Some("kubernetes".to_owned()),
        };
        let text = server.kubeconfig(&"monday".parse().unwrap(), "monday-07", "a.b.c");
        let read = Kubeconfig::from_yaml(&text).unwrap();
        assert_eq!(read.current_context.as_deref(), Some("monday-07"));
        let context = read.contexts[0].context.clone().unwrap();
        assert_eq!(context.namespace.as_deref(), Some("monday-07"));
        let cluster = read.clusters[0].cluster.clone().unwrap();
        assert_eq!(cluster.server.as_deref(), Some("https://192.0.2.1:6443"));
        let authority = STANDARD.decode(cluster.certificate_authority_data.unwrap()).unwrap();
        let pem = String::from_utf8(authority).unwrap();
        assert!(pem.lines().all(|line| line.len() <= 64), "{pem}");
        assert!(pem.starts_with("-----BEGIN CERTIFICATE-----\nBwcH"), "{pem}");
    }
}
