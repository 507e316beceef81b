//! Over TLS: whom the system or `CA_FILE` trusts is believed, and gets passwords; nobody else.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use pull_limit_exporter::shown::Names;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::support::{Scripted, probe, prober, state};

/// Of 127.0.0.1, signed by itself.
const CERTIFICATE: &str = "../../crates/tale/tests/it/gate/secrets/certificate.pem";
const KEY: &str = "../../crates/tale/tests/it/gate/secrets/key.pem";

fn file(path: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// TLS in front of a server; its address.
async fn in_front_of(behind: SocketAddr) -> (SocketAddr, JoinSet<()>) {
    let certificate = CertificateDer::from_pem_file(file(CERTIFICATE)).unwrap();
    let key = PrivateKeyDer::from_pem_file(file(KEY)).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let mut tasks = JoinSet::new();
    tasks.spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            // Who does not trust the certificate goes away.
            let Ok(mut stream) = acceptor.accept(stream).await else { continue };
            let mut server = TcpStream::connect(behind).await.unwrap();
            let _ = tokio::io::copy_bidirectional(&mut stream, &mut server).await;
        }
    });
    (address, tasks)
}

const TOLD: &str = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\nratelimit-limit: 100;w=60\r\nratelimit-remaining: 20;w=60\r\n\r\n";

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_that_is_trusted_is_believed_and_no_other() {
    let server = Scripted::start(|_| TOLD.to_owned()).await;
    let (address, _tasks) = in_front_of(server.address).await;
    let target = format!("https://{address}/shop:v1");
    let series = probe(&prober(None), &target, Names::Own).await;
    assert_eq!(series["pull_counts_probe_failure account=anonymous reason=tls"], 1.0);
    assert!(server.asked().is_empty(), "nothing was said");
    let trusting = prober(Some(&file(CERTIFICATE)));
    let series = probe(&trusting, &target, Names::Own).await;
    assert_eq!(state(&series), ["limited"], "{series:?}");
    assert_eq!(series["pull_counts_remaining account=anonymous"], 20.0);
    let other = target.replace("127.0.0.1", "127.0.0.2");
    assert_eq!(state(&probe(&trusting, &other, Names::Own).await), ["unknown"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_does_not_leave_tls() {
    let open = Scripted::start(|_| TOLD.to_owned()).await;
    let realm = format!("http://{}/token", open.address);
    let server = Scripted::start(move |_| {
        format!("HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\nConnection: close\r\nWWW-Authenticate: Bearer realm=\"{realm}\"\r\n\r\n")
    })
    .await;
    let (address, _tasks) = in_front_of(server.address).await;
    let target = format!("https://ada:secret@{address}/shop:v1");
    let series = probe(&prober(Some(&file(CERTIFICATE))), &target, Names::Own).await;
    assert_eq!(series["pull_counts_probe_failure account=ada reason=tls"], 1.0, "{series:?}");
    assert!(open.asked().is_empty());
}
