//! https: whom the system or `--ca-file` trusts is believed, and nobody else.

use std::sync::Arc;

use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

use super::{FakePrometheus, Files, Reply, answers, evidence, gate, with_env};

/// Of 127.0.0.1, signed by itself, for a hundred years.
const CERTIFICATE: &str = include_str!("certificate.pem");
const KEY: &str = include_str!("key.pem");

/// TLS in front of a server; its address.
async fn in_front_of(server: &FakePrometheus) -> (String, JoinSet<()>) {
    let certificate = CertificateDer::from_pem_slice(CERTIFICATE.as_bytes()).unwrap();
    let key = PrivateKeyDer::from_pem_slice(KEY.as_bytes()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    let behind = server.url.trim_start_matches("http://").to_owned();
    let mut tasks = JoinSet::new();
    tasks.spawn(async move {
        let mut connections = JoinSet::new();
        while let Ok((stream, _)) = listener.accept().await {
            let (acceptor, behind) = (acceptor.clone(), behind.clone());
            connections.spawn(async move {
                // Who does not trust the certificate goes away.
                let Ok(mut stream) = acceptor.accept(stream).await else {
                    return;
                };
                let mut server = TcpStream::connect(behind).await.unwrap();
                let _ = tokio::io::copy_bidirectional(&mut stream, &mut server).await;
            });
        }
    });
    (url, tasks)
}

#[tokio::test]
async fn https_is_spoken_with_whom_the_system_or_the_file_trusts_and_with_nobody_else() {
    let files = Files::of(&[
        ("slo.yaml", answers("shop", 3)),
        ("ca.pem", CERTIFICATE.to_owned()),
        ("none.pem", "no certificate".to_owned()),
    ]);
    let [slo, ca, none] = ["slo.yaml", "ca.pem", "none.pem"].map(|name| files.path(name));
    let fake = FakePrometheus::start(|_, _| Reply::Body(200, evidence("0", "10000"))).await;
    let (url, _tasks) = in_front_of(&fake).await;
    let judged = [&slo, "--prometheus", &url];
    // The system knows nothing of this certificate.
    let ended = gate(&judged).await.expect_code(2);
    assert!(ended.stdout.contains("TLS: invalid peer certificate"), "{ended}");
    assert!(fake.requests("query").is_empty());
    gate(&[&judged[..], &["--ca-file", &ca]].concat()).await.expect_code(0);
    // This is how a system is told of one.
    with_env(&[("SSL_CERT_FILE", &ca)], &judged).await.expect_code(0);
    // Of another name it is not believed.
    let localhost = url.replace("127.0.0.1", "127.0.0.2");
    gate(&[&slo, "--prometheus", &localhost, "--ca-file", &ca]).await.expect_code(2);
    let ended = gate(&[&judged[..], &["--ca-file", &none]].concat()).await.expect_code(2);
    assert!(ended.stderr.contains("holds no certificate"), "{ended}");
}

#[tokio::test]
async fn a_server_without_tls_and_one_that_is_not_there_say_so() {
    let files = Files::of(&[("slo.yaml", answers("shop", 1))]);
    let slo = files.path("slo.yaml");
    // It speaks first, and not TLS.
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let plain = format!("https://{}", listener.local_addr().unwrap());
    let mut tasks = JoinSet::new();
    tasks.spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
        }
    });
    for (url, wanted) in [(plain.as_str(), "TLS"), ("https://127.0.0.1:1", "refused")] {
        let ended = gate(&[&slo, "--prometheus", url]).await.expect_code(2);
        assert!(ended.stdout.contains(wanted), "{ended}");
    }
}
