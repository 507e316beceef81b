//! The program without the feature `tls`: https is refused with what to do.

use std::path::Path;

use anyhow::{Result, bail};
use tokio::net::TcpStream;

/// Nothing: it cannot be made.
#[derive(Clone)]
pub(super) enum Tls {}

impl Tls {
    pub(super) fn new(_ca: Option<&Path>) -> Result<Self> {
        bail!(
            "--prometheus: this program was built without TLS, so it cannot speak https; take a release, or build it with: \
             cargo install --path crates/tale --features tls"
        )
    }

    pub(super) async fn encrypt(
        &self,
        _host: &str,
        stream: TcpStream,
    ) -> Result<TcpStream, String> {
        match *self {
            #[allow(unreachable_patterns, reason = "no value exists")]
            _ => Ok(stream),
        }
    }
}
