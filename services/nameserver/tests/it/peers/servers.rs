//! Knot, BIND and NSD, each with a configuration for one test, and the tools that ask them.

use std::io::Write as _;
use std::process::Stdio;
use std::time::Duration;

use domain::base::{Message, Rtype};
use domain::rdata::Soa;
use tempfile::{NamedTempFile, TempDir};
use testkit::program::{Ended, Running};
use testkit::wait::eventually;
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

use crate::support::question;

const SECRET: &str = "c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0";

/// How to run a server.
pub(crate) struct Setup {
    name: &'static str,
    port: u16,
    config: String,
    command: [&'static str; 4],
}

impl Setup {
    /// The same with a secret that the primary does not know.
    pub(crate) fn with_another_secret(mut self) -> Self {
        self.config = self.config.replace(SECRET, "d3Jvbmd3cm9uZ3dyb25nd3Jvbmc=");
        self
    }
}

/// Knot as a secondary.
pub(crate) fn knot(port: u16, primary: u16) -> Setup {
    let zone = "  - domain: tale.example\n    master: other\n    acl: other\n";
    Setup { config: knot_config(port, primary, "notify", zone), ..knot_of(port) }
}

/// Knot as a primary that signs, with Unix time for its serial, and takes updates.
pub(crate) fn knot_primary(port: u16, secondary: u16) -> Setup {
    let zone = "  - domain: tale.example\n    file: DIR/begin.zone\n    notify: other\n    \
                acl: other\n    dnssec-signing: on\n    dnssec-policy: short\n    \
                serial-policy: unixtime\n    zonefile-sync: -1\n    \
                zonefile-load: difference-no-serial\n    journal-content: all\n";
    let config = knot_config(port, secondary, "[transfer, update]", zone);
    Setup { config, ..knot_of(port) }
}

fn knot_of(port: u16) -> Setup {
    Setup { name: "knot", port, config: String::new(), command: ["knotd", "-c", "DIR/conf", "-v"] }
}

fn knot_config(port: u16, other: u16, action: &str, zone: &str) -> String {
    format!(
        "server:\n  listen: 127.0.0.1@{port}\n  rundir: DIR\n\
         database:\n  storage: DIR\n\
         log:\n  - target: stderr\n    any: info\n\
         key:\n  - id: tale\n    algorithm: hmac-sha256\n    secret: {SECRET}\n\
         remote:\n  - id: other\n    address: 127.0.0.1@{other}\n    key: tale\n\
         acl:\n  - id: other\n    key: tale\n    action: {action}\n\
         policy:\n  - id: short\n    single-type-signing: on\n    rrsig-lifetime: 120\n    \
         rrsig-refresh: 60\n    rrsig-pre-refresh: 1\n    propagation-delay: 1\n    dnskey-ttl: 5\n    zone-max-ttl: 5\n\
         zone:\n{zone}    storage: DIR\n"
    )
}

/// BIND as a secondary.
pub(crate) fn bind(port: u16, primary: u16) -> Setup {
    let config = format!(
        "options {{ directory \"DIR\"; pid-file \"DIR/pid\"; session-keyfile \"DIR/session\"; \
         lock-file none; managed-keys-directory \"DIR\"; listen-on port {port} {{ 127.0.0.1; }}; \
         listen-on-v6 {{ none; }}; recursion no; dnssec-validation no; notify no; \
         querylog no; }};\n\
         controls {{ }};\n\
         key tale {{ algorithm hmac-sha256; secret \"{SECRET}\"; }};\n\
         zone \"tale.example\" {{ type secondary; file \"copy\"; \
         primaries {{ 127.0.0.1 port {primary} key tale; }}; allow-notify {{ key tale; }}; \
         min-refresh-time 1; min-retry-time 1; max-retry-time 1; }};\n"
    );
    Setup { name: "bind", port, config, command: ["named", "-g", "-c", "DIR/conf"] }
}

/// NSD as a secondary.
pub(crate) fn nsd(port: u16, primary: u16) -> Setup {
    let config = format!(
        "server:\n  ip-address: 127.0.0.1@{port}\n  username: \"\"\n  database: \"\"\n  \
         zonesdir: \"DIR\"\n  xfrdir: \"DIR\"\n  xfrdfile: \"DIR/xfrd\"\n  \
         zonelistfile: \"DIR/list\"\n  pidfile: \"DIR/pid\"\n  server-count: 1\n\
         remote-control:\n  control-enable: no\n\
         key:\n  name: tale\n  algorithm: hmac-sha256\n  secret: \"{SECRET}\"\n\
         zone:\n  name: tale.example\n  request-xfr: 127.0.0.1@{primary} tale\n  \
         allow-notify: 127.0.0.1 tale\n  min-retry-time: 1\n  max-retry-time: 1\n"
    );
    Setup { name: "nsd", port, config, command: ["nsd", "-d", "-c", "DIR/conf"] }
}

/// A server that runs; it stops when dropped.
pub(crate) struct Peer {
    pub(crate) name: &'static str,
    pub(crate) port: u16,
    _process: Running,
    _folder: TempDir,
}

impl Peer {
    pub(crate) fn start(setup: Setup) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().to_str().unwrap();
        let file = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        file("conf", &setup.config.replace("DIR", place));
        file("begin.zone", authority::zone::default_zone());
        let words = setup.command.map(|word| word.replace("DIR", place));
        let mut command = Command::new(&words[0]);
        let sbin = format!("{}:/usr/sbin", std::env::var("PATH").unwrap_or_default());
        let process = Running::start(command.args(&words[1..]).env("PATH", sbin));
        Self { name: setup.name, port: setup.port, _process: process, _folder: folder }
    }

    /// The serial that it serves.
    pub(crate) async fn soa(&self) -> Option<u32> {
        let socket = tokio::net::UdpSocket::bind("127.0.0.1:0").await.unwrap();
        socket.connect(("127.0.0.1", self.port)).await.unwrap();
        socket.send(&question("tale.example", Rtype::SOA, None)).await.ok()?;
        let mut buffer = [0; 4096];
        let answer = tokio::time::timeout(Duration::from_millis(200), socket.recv(&mut buffer));
        let length = answer.await.ok()?.ok()?;
        let message = Message::from_octets(&buffer[..length]).ok()?;
        let soa = message.answer().ok()?.limit_to::<Soa<_>>().next()?.ok()?;
        Some(soa.data().serial().into_int())
    }

    pub(crate) async fn serves(&self, serial: u32) {
        let what = format!("{} with serial {serial}", self.name);
        eventually(&what, async || (self.soa().await == Some(serial)).then_some(())).await;
    }

    pub(crate) async fn serves_something(&self) -> u32 {
        eventually(self.name, async || self.soa().await).await
    }
}

/// A file with the key, given as a DNSKEY record, as delv reads it.
pub(crate) fn trust(record: &str) -> NamedTempFile {
    let mut words = record.split_whitespace().skip_while(|word| *word != "DNSKEY").skip(1);
    let mut next = || words.next().unwrap();
    let (flags, protocol, algorithm) = (next(), next(), next());
    let key: String = words.collect();
    let mut file = NamedTempFile::new().unwrap();
    let anchor = format!("tale.example static-key {flags} {protocol} {algorithm} \"{key}\";");
    write!(file, "trust-anchors {{ {anchor} }};").unwrap();
    file
}

/// What a validator says.
pub(crate) async fn delv(port: u16, anchors: &NamedTempFile, question: [&str; 2]) -> String {
    let mut command = Command::new("delv");
    command.arg("-a").arg(anchors.path()).args(["+root=tale.example", "@127.0.0.1", "-p"]);
    let said = command.arg(port.to_string()).args(question).output().await.unwrap();
    Ended::from(said).to_string()
}

/// The DNSKEY record that a server has.
pub(crate) async fn key_of(port: u16) -> String {
    let port = port.to_string();
    let words = ["@127.0.0.1", "-p", &port, "+noall", "+answer", "tale.example", "DNSKEY"];
    let said = Command::new("dig").args(words).output().await.unwrap();
    String::from_utf8(said.stdout).unwrap()
}

/// A dynamic update.
pub(crate) async fn update(port: u16, line: &str) {
    let mut command = Command::new("nsupdate");
    command.arg("-y").arg(format!("hmac-sha256:tale:{SECRET}"));
    let mut child = command.stdin(Stdio::piped()).kill_on_drop(true).spawn().unwrap();
    let text = format!("server 127.0.0.1 {port}\nzone tale.example\n{line}\nsend\n");
    child.stdin.take().unwrap().write_all(text.as_bytes()).await.unwrap();
    assert!(child.wait().await.unwrap().success());
}

/// What dnsperf says after some seconds.
pub(crate) async fn dnsperf(port: u16, queries: &str, seconds: u32) -> String {
    let mut file = NamedTempFile::new().unwrap();
    file.write_all(queries.as_bytes()).unwrap();
    let mut command = Command::new("dnsperf");
    command.args(["-s", "127.0.0.1", "-p", &port.to_string(), "-l", &seconds.to_string()]);
    let said = command.arg("-d").arg(file.path()).output().await.unwrap();
    Ended::from(said).to_string()
}
