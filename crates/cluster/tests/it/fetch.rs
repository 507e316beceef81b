//! Fetching from a registry that asks for a token, breaks off, and lies.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use cluster::fetch::{Fetch, FetchError, Pins, fetch};
use images::bundle::{Bundle, Lock};
use oci::Digest;
use oci::manifest::{IMAGE, INDEX};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

const NAME: &str = "quay.example/a/b:v1";

/// What is there, by path: its media type and its bytes.
type Store = BTreeMap<String, (String, Vec<u8>)>;

/// A registry, and a web server.
struct Outside {
    url: String,
    store: Arc<Mutex<Store>>,
    /// The first line of every question, and its Range.
    asked: Arc<Mutex<Vec<String>>>,
    /// How many answers are broken off in their middle.
    breaks: Arc<Mutex<u32>>,
    index: Digest,
    layer: Digest,
}

impl Outside {
    async fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let layer: Vec<u8> = (0..200_000_u32).flat_map(u32::to_le_bytes).collect();
        let mut store = Store::new();
        let mut put = |kind: &str, media_type: &str, bytes: &[u8]| {
            let digest = Digest::of(bytes);
            let at = format!("/v2/a/b/{kind}/{digest}");
            store.insert(at, (media_type.to_owned(), bytes.to_vec()));
            json!({"mediaType": media_type, "digest": digest.to_string(), "size": bytes.len()})
        };
        let config = put("blobs", "application/vnd.oci.image.config.v1+json", b"{}");
        let layers = [put("blobs", "application/vnd.oci.image.layer.v1.tar", &layer)];
        let image =
            json!({"schemaVersion": 2, "mediaType": IMAGE, "config": config, "layers": layers});
        let mut image = put("manifests", IMAGE, image.to_string().as_bytes());
        image["platform"] = json!({"os": "linux", "architecture": "amd64"});
        let index = json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": [image]});
        let text = index.to_string();
        put("manifests", INDEX, text.as_bytes());
        store.insert("/v2/a/b/manifests/v1".into(), (INDEX.into(), text.clone().into()));
        store.insert("/charts/c-1.tgz".into(), ("application/gzip".into(), b"a chart".into()));
        let outside = Self {
            url: url.clone(),
            store: Arc::new(Mutex::new(store)),
            asked: Arc::default(),
            breaks: Arc::default(),
            index: Digest::of(text.as_bytes()),
            layer: Digest::of(&layer),
        };
        let (store, asked) = (outside.store.clone(), outside.asked.clone());
        let breaks = outside.breaks.clone();
        tokio::spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    let Ok(byte) = stream.read_u8().await else { break };
                    head.push(byte);
                }
                let head = String::from_utf8(head).unwrap();
                let answer =
                    answer(&head, &url, &store.lock().unwrap(), &mut asked.lock().unwrap());
                let broken = answer.len() > 1000 && {
                    let mut breaks = breaks.lock().unwrap();
                    *breaks > 0 && {
                        *breaks -= 1;
                        true
                    }
                };
                let sent = if broken { answer.len() / 2 } else { answer.len() };
                let _ = stream.write_all(&answer[..sent]).await;
                let _ = stream.shutdown().await;
            }
        });
        outside
    }

    fn lock(&self, digest: Option<&Digest>) -> Lock {
        let digest = digest.map(|digest| format!(", digest: '{digest}'")).unwrap_or_default();
        Lock::parse(&format!(
            "images: [{{image: '{NAME}', for: x{digest}}}]\n\
             files: [{{url: 'https://charts.example/charts/c-1.tgz', for: x, digest: '{}'}}]",
            Digest::of(b"a chart")
        ))
        .unwrap()
    }

    async fn fetch(&self, bundle: &Bundle, lock: &Lock) -> Result<Pins, FetchError> {
        let how = Fetch {
            bundle: bundle.clone(),
            architecture: "amd64".to_owned(),
            anew: false,
            mirrors: vec![("*".to_owned(), self.url.parse().unwrap())],
            progress: Arc::new(|_, _, _| {}),
        };
        fetch(&how, lock).await
    }

    fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.asked.lock().unwrap())
    }
}

fn answer(head: &str, url: &str, store: &Store, asked: &mut Vec<String>) -> Vec<u8> {
    let path = head.split(' ').nth(1).unwrap_or_default();
    let header = |name: &str| {
        let mut lines = head.lines().filter_map(|line| line.split_once(": "));
        lines.find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    };
    let range = header("range");
    asked.push(format!("{path} {}", range.unwrap_or_default()).trim().to_owned());
    let whole = |status: &str, more: &str, body: &[u8]| {
        let head = format!(
            "HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n{more}\r\n",
            body.len()
        );
        [head.as_bytes(), body].concat()
    };
    if path.starts_with("/token?service=s&scope=repository:a/b:pull") {
        return whole("200 OK", "", br#"{"token": "for everybody"}"#);
    }
    if path.starts_with("/v2/") && header("authorization") != Some("Bearer for everybody") {
        let challenge = format!("WWW-Authenticate: Bearer realm=\"{url}/token\",service=\"s\"\r\n");
        return whole("401 Unauthorized", &challenge, b"");
    }
    let Some((media_type, bytes)) = store.get(path) else {
        return whole("404 Not Found", "", b"");
    };
    let media_type = format!("Content-Type: {media_type}\r\n");
    let from =
        range.and_then(|range| range.strip_prefix("bytes=")?.strip_suffix('-')?.parse().ok());
    match from {
        Some(from) => whole("206 Partial Content", &media_type, &bytes[from..]),
        None => whole("200 OK", &media_type, bytes),
    }
}

#[tokio::test]
async fn what_was_fetched_is_what_the_lock_file_says_and_is_not_fetched_again() {
    let (outside, folder) = (Outside::open().await, tempfile::tempdir().unwrap());
    let (bundle, lock) = (Bundle::at(folder.path()), outside.lock(Some(&outside.index)));
    assert_eq!(outside.fetch(&bundle, &lock).await.unwrap(), Pins::new());
    bundle.check(&lock).unwrap();
    assert!(outside.asked().iter().any(|one| one.contains("/blobs/")));
    assert_eq!(outside.fetch(&bundle, &lock).await.unwrap(), Pins::new());
    assert_eq!(outside.asked(), Vec::<String>::new());
    // The archive names the image as pods do.
    let mut archive = Vec::new();
    bundle.write(&lock, &mut archive).unwrap();
    let text = String::from_utf8_lossy(&archive);
    assert!(text.contains(&format!("\"RepoTags\":[\"{NAME}\"]")), "{NAME} is not in the archive");
}

#[tokio::test]
async fn what_has_no_digest_yet_is_told_with_the_one_that_it_has() {
    let (outside, folder) = (Outside::open().await, tempfile::tempdir().unwrap());
    let pins = outside.fetch(&Bundle::at(folder.path()), &outside.lock(None)).await.unwrap();
    assert_eq!(pins, [(NAME.to_owned(), outside.index.clone())]);
}

#[tokio::test]
async fn an_answer_that_breaks_off_goes_on_where_it_ended() {
    let (outside, folder) = (Outside::open().await, tempfile::tempdir().unwrap());
    let (bundle, lock) = (Bundle::at(folder.path()), outside.lock(Some(&outside.index)));
    *outside.breaks.lock().unwrap() = 2;
    outside.fetch(&bundle, &lock).await.unwrap();
    bundle.check(&lock).unwrap();
    let layer = format!("/v2/a/b/blobs/{}", outside.layer);
    let asked = outside.asked();
    let ranges = asked.iter().filter(|one| one.starts_with(&layer) && one.contains("bytes="));
    assert_eq!(ranges.count(), 2, "{asked:#?}");
}

#[tokio::test]
async fn what_differs_is_refused_with_its_name() {
    let (outside, folder) = (Outside::open().await, tempfile::tempdir().unwrap());
    let bundle = Bundle::at(folder.path());
    // A tag that means something else today.
    let other = Digest::of(b"another");
    let by_digest = format!("/v2/a/b/manifests/{other}");
    let tag = outside.store.lock().unwrap()["/v2/a/b/manifests/v1"].clone();
    outside.store.lock().unwrap().insert(by_digest, tag);
    let why = outside.fetch(&bundle, &outside.lock(Some(&other))).await.unwrap_err().to_string();
    assert!(why.contains(NAME) && why.contains(&other.to_string()), "{why}");
    assert!(why.contains("refused"), "{why}");
    // A layer that somebody has changed on the way.
    let lock = outside.lock(Some(&outside.index));
    let layer = format!("/v2/a/b/blobs/{}", outside.layer);
    let right = outside.store.lock().unwrap()[&layer].clone();
    outside.store.lock().unwrap().get_mut(&layer).unwrap().1[7] ^= 1;
    let why = outside.fetch(&bundle, &lock).await.unwrap_err().to_string();
    assert!(why.contains(NAME) && why.contains(&outside.layer.to_string()), "{why}");
    assert!(bundle.check(&lock).unwrap_err().to_string().contains(NAME));
    // And one that somebody changes in the folder.
    outside.store.lock().unwrap().insert(layer, right);
    outside.fetch(&bundle, &lock).await.unwrap();
    bundle.check(&lock).unwrap();
    std::fs::write(bundle.blob(&outside.layer), "something else").unwrap();
    let why = bundle.check(&lock).unwrap_err().to_string();
    assert!(why.contains(NAME) && why.contains("refused"), "{why}");
}

#[tokio::test]
async fn an_image_for_other_machines_and_one_that_is_not_there_are_named() {
    let (outside, folder) = (Outside::open().await, tempfile::tempdir().unwrap());
    let bundle = Bundle::at(folder.path());
    let lock = outside.lock(None);
    let how = Fetch {
        bundle: bundle.clone(),
        architecture: "arm64".to_owned(),
        anew: false,
        mirrors: vec![("quay.example".to_owned(), outside.url.parse().unwrap())],
        progress: Arc::new(|_, _, _| {}),
    };
    let why = fetch(&how, &lock).await.unwrap_err().to_string();
    assert!(why.contains("not there for linux/arm64; there is linux/amd64"), "{why}");
    outside.store.lock().unwrap().clear();
    let why = outside.fetch(&bundle, &lock).await.unwrap_err().to_string();
    assert!(why.contains("/v2/a/b/manifests/v1: 404"), "{why}");
    let why = bundle.check(&lock).unwrap_err().to_string();
    assert!(why.contains(NAME) && why.contains("./tale cluster fetch"), "{why}");
}
