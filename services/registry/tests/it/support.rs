//! Registries as processes, a client that hides nothing, and an image to push.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use oci::Digest;
use oci::manifest::IMAGE;
use serde_json::{Value, json};

/// How long anything may take before a test gives up. Far more than it takes.
pub(crate) const PATIENCE: std::time::Duration = std::time::Duration::from_secs(60);

/// It ends with the test.
pub(crate) struct Registry {
    child: Child,
    pub(crate) address: SocketAddr,
    pub(crate) admin: SocketAddr,
    _folder: Option<tempfile::TempDir>,
}

/// An answer, read to its end.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Reply {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut found = self.headers.iter().filter(|(known, _)| known.eq_ignore_ascii_case(name));
        found.next().map(|(_, value)| value.as_str())
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|why| panic!("{why}: {self:?}"))
    }

    /// Status and code of an error.
    pub(crate) fn error(&self) -> (u16, String) {
        let json = self.json();
        let message = json["errors"][0]["message"].as_str().unwrap_or_default();
        assert!(!message.is_empty(), "{json}");
        (self.status, json["errors"][0]["code"].as_str().unwrap_or_default().to_owned())
    }
}

impl Registry {
    /// One that takes what anybody pushes, in a folder of its own.
    pub(crate) fn open(settings: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().to_str().unwrap().to_owned();
        let mut all = vec![("REGISTRY_PUSH", "anybody"), ("REGISTRY_DIR", path.as_str())];
        all.extend(settings);
        let mut registry = Self::start(&all);
        registry._folder = Some(folder);
        registry
    }

    pub(crate) fn start(settings: &[(&str, &str)]) -> Self {
        Self::spawn(Command::new(env!("CARGO_BIN_EXE_registry")).envs(settings.iter().copied()))
    }

    /// However it is started.
    pub(crate) fn spawn(command: &mut Command) -> Self {
        let mut child = command
            .envs([("ROCKET_PORT", "0"), ("ADMIN_PORT", "0")])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut log = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        let mut address = |message: &str| {
            let message = format!("\"message\":\"{message}\"");
            let line = log.find(|line| line.contains(&message)).unwrap();
            let line: Value = serde_json::from_str(&line).unwrap();
            line["address"].as_str().unwrap().parse().unwrap()
        };
        let (admin, address) = (address("admin ready"), address("ready"));
        // Nobody reads the rest, and a full pipe would stop the service.
        std::thread::spawn(move || log.for_each(drop));
        Self { child, address, admin, _folder: None }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn folder(&self) -> &Path {
        self._folder.as_ref().unwrap().path()
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// It is killed, and not asked.
    pub(crate) fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    pub(crate) fn get(&self, path: &str) -> Reply {
        self.ask("GET", path, &[], b"")
    }

    pub(crate) fn head(&self, path: &str) -> Reply {
        self.ask("HEAD", path, &[], b"")
    }

    pub(crate) fn ask(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Reply {
        ask(self.address, method, path, headers, body)
    }

    pub(crate) fn control(&self, method: &str, path: &str, body: &str) -> Reply {
        ask(self.admin, method, path, &[("Content-Type", "application/json")], body.as_bytes())
    }

    /// The value of a series, written as on `/metrics`.
    pub(crate) fn value(&self, series: &str) -> f64 {
        let metrics = String::from_utf8(ask(self.admin, "GET", "/metrics", &[], b"").body).unwrap();
        let value = |line: &str| line.strip_prefix(series)?.strip_prefix(' ')?.parse::<f64>().ok();
        metrics.lines().find_map(value).unwrap_or_else(|| panic!("no {series} in {metrics}"))
    }

    /// Pushes a blob.
    pub(crate) fn push_blob(&self, name: &str, bytes: &[u8]) -> Digest {
        let digest = Digest::of(bytes);
        let path = format!("/v2/{name}/blobs/uploads/?digest={digest}");
        let reply = self.ask("POST", &path, &[], bytes);
        assert_eq!(reply.status, 201, "{reply:?}");
        digest
    }

    /// Pushes an image of one layer, with what else its manifest says.
    pub(crate) fn push(&self, name: &str, reference: &str, layer: &[u8], more: &Value) -> Image {
        let layer_digest = self.push_blob(name, layer);
        let config = self.push_blob(name, b"{}");
        let kind = "application/vnd.oci.image.layer.v1.tar";
        let mut manifest = json!({
            "schemaVersion": 2,
            "mediaType": IMAGE,
            "config": {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": config.to_string(), "size": 2},
            "layers": [{"mediaType": kind, "digest": layer_digest.to_string(), "size": layer.len()}],
        });
        for (key, value) in more.as_object().into_iter().flatten() {
            manifest[key] = value.clone();
        }
        let bytes = manifest.to_string().into_bytes();
        let digest = Digest::of(&bytes);
        let reference =
            if reference.is_empty() { digest.to_string() } else { reference.to_owned() };
        let path = format!("/v2/{name}/manifests/{reference}");
        let reply = self.ask("PUT", &path, &[("Content-Type", IMAGE)], &bytes);
        assert_eq!(reply.status, 201, "{reply:?}");
        Image { digest, bytes, layer: layer_digest }
    }
}

/// What was pushed.
pub(crate) struct Image {
    pub(crate) digest: Digest,
    pub(crate) bytes: Vec<u8>,
    pub(crate) layer: Digest,
}

impl Drop for Registry {
    fn drop(&mut self) {
        self.kill();
    }
}

/// One request on a connection of its own. Its path is sent as it is.
pub(crate) fn ask(
    address: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Reply {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut head = format!("{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n");
    if !body.is_empty() || ["POST", "PUT", "PATCH"].contains(&method) {
        head.push_str(&format!("Content-Length: {}\r\n", body.len()));
    }
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    stream.write_all(format!("{head}\r\n").as_bytes()).unwrap();
    // The answer may be there before the body is.
    let _ = stream.write_all(body);
    read(stream, method == "HEAD").unwrap()
}

/// An answer; none if it ends before it is whole.
pub(crate) fn read(mut stream: TcpStream, is_head: bool) -> Option<Reply> {
    let mut bytes = Vec::new();
    let _ = stream.read_to_end(&mut bytes);
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")?;
    let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
    let mut lines = head.lines();
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    let reply = Reply { status, headers, body: bytes.split_off(end + 4) };
    let length = reply.header("content-length").and_then(|length| length.parse::<usize>().ok());
    let whole = is_head || length.is_none_or(|length| length == reply.body.len());
    whole.then_some(reply)
}
