//! TLS with the system's roots, and with those of `--ca-file`.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

/// What is trusted.
#[derive(Clone)]
pub(super) struct Tls(TlsConnector);

impl Tls {
    /// Trusts what the system trusts, and the certificates of the file.
    ///
    /// # Errors
    /// The file holds no certificate; or nobody is trusted at all.
    pub(super) fn new(ca: Option<&Path>) -> Result<Self> {
        let mut roots = RootCertStore::empty();
        // Some of a system's certificates may be odd; what counts is that there are others.
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        if let Some(file) = ca {
            let wrong =
                || format!("--ca-file {}: holds no certificate; write one in PEM", file.display());
            let found = CertificateDer::pem_file_iter(file).with_context(wrong)?;
            let before = roots.len();
            for certificate in found {
                roots.add(certificate.with_context(wrong)?).with_context(wrong)?;
            }
            if roots.len() == before {
                bail!("{}", wrong());
            }
        }
        if roots.is_empty() {
            bail!(
                "--prometheus: this system trusts no certificate; install ca-certificates, or write --ca-file FILE"
            );
        }
        let config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .context("TLS")?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self(TlsConnector::from(Arc::new(config))))
    }

    pub(super) async fn encrypt(
        &self,
        host: &str,
        stream: TcpStream,
    ) -> Result<TlsStream<TcpStream>, String> {
        let name = ServerName::try_from(host.to_owned()).map_err(|why| why.to_string())?;
        self.0.connect(name, stream).await.map_err(|why| format!("TLS: {why}"))
    }
}
