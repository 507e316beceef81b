//! A registry with one image in one repository, which does as it is told: for tests of pulls.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard};

use oci::Digest;
use serde_json::json;

/// How it behaves, and what it has seen.
#[derive(Default)]
pub(crate) struct Manners {
    /// GETs of manifests that are still answered; none: all.
    pub(crate) left: Option<u32>,
    /// Wants a token, and gives one.
    pub(crate) token: bool,
    /// Knows no HEAD, and tells no digest.
    pub(crate) plain: bool,
    /// Sends this in place of the layer.
    pub(crate) layer: Option<Vec<u8>>,
    /// Method and path of each request.
    pub(crate) seen: Vec<String>,
}

/// Serves until the test's process ends.
pub(crate) struct Registry {
    pub(crate) address: SocketAddr,
    manners: Arc<Mutex<Manners>>,
}

const LAYER: &[u8] = b"new prices";
const REFUSED: &str =
    r#"{"errors":[{"code":"TOOMANYREQUESTS","message":"You have reached your pull rate limit."}]}"#;

impl Registry {
    pub(crate) fn start(manners: Manners) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let manners = Arc::new(Mutex::new(manners));
        let shared = manners.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                answer(stream, &mut shared.lock().unwrap(), address);
            }
        });
        Self { address, manners }
    }

    /// The image, as containers name it.
    pub(crate) fn image(&self, tag: &str) -> String {
        format!("{}/shop/vienna:{tag}", self.address)
    }

    pub(crate) fn manners(&self) -> MutexGuard<'_, Manners> {
        self.manners.lock().unwrap()
    }

    /// What was asked since the last time.
    pub(crate) fn seen(&self) -> Vec<String> {
        std::mem::take(&mut self.manners().seen)
    }
}

/// The image's manifest.
pub(crate) fn manifest() -> String {
    let piece = |kind: &str, bytes: &[u8]| json!({"mediaType": kind, "digest": Digest::of(bytes).to_string(), "size": bytes.len()});
    let config = piece("application/vnd.oci.image.config.v1+json", b"{}");
    let layers = [piece("application/vnd.oci.image.layer.v1.tar", LAYER)];
    json!({"schemaVersion": 2, "config": config, "layers": layers}).to_string()
}

fn answer(mut stream: TcpStream, manners: &mut Manners, address: SocketAddr) {
    let mut head = [0; 4096];
    let length = stream.read(&mut head).unwrap_or(0);
    let head = String::from_utf8_lossy(&head[..length]).to_lowercase();
    let mut words = head.split(' ');
    let (method, path) = (words.next().unwrap_or(""), words.next().unwrap_or(""));
    let shown = path.split("sha256:").next().unwrap_or(path);
    manners.seen.push(format!("{} {shown}", method.to_uppercase()));
    let is_manifest = path.contains("/manifests/");
    let digest = Digest::of(manifest().as_bytes());
    let mut headers = String::from("content-type: application/vnd.oci.image.manifest.v1+json\r\n");
    if !manners.plain {
        headers += &format!("docker-content-digest: {digest}\r\n");
    }
    let (status, body) = if path.starts_with("/token") {
        (200, br#"{"token": "abc"}"#.to_vec())
    } else if manners.token && !head.contains("authorization: bearer abc") {
        headers =
            format!("www-authenticate: Bearer realm=\"http://{address}/token\",service=\"x\"\r\n");
        (401, Vec::new())
    } else if is_manifest && method == "head" && manners.plain {
        (405, Vec::new())
    } else if is_manifest && method == "head" {
        (200, Vec::new())
    } else if is_manifest && manners.left == Some(0) {
        (429, REFUSED.into())
    } else if is_manifest {
        manners.left = manners.left.map(|left| left - 1);
        (200, manifest().into_bytes())
    } else if path.ends_with(Digest::of(b"{}").hex()) {
        (200, b"{}".to_vec())
    } else {
        (200, manners.layer.clone().unwrap_or(LAYER.to_vec()))
    };
    let length = body.len();
    let head = format!(
        "HTTP/1.1 {status} x\r\n{headers}content-length: {length}\r\nconnection: close\r\n\r\n"
    );
    let _ = stream.write_all(&[head.as_bytes(), &body].concat());
}
