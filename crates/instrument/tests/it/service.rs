//! Runs an example as a process and talks to it over real sockets.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use serde_json::Value;

/// How long anything may take before a test gives up. Far more than it takes.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// A running service, killed when dropped.
pub(crate) struct Running {
    pub(crate) child: Child,
    pub(crate) address: SocketAddr,
    pub(crate) admin: SocketAddr,
    log: Receiver<String>,
    seen: Vec<String>,
}

/// The command that runs an example, with no variable of the caller's that would change how it
/// runs. Cargo builds examples before it runs the tests of the same package.
pub(crate) fn command(example: &str, variables: &[(&str, &str)]) -> Command {
    let test = std::env::current_exe().unwrap();
    let target: PathBuf = test.parent().and_then(|deps| deps.parent()).unwrap().into();
    let mut command = Command::new(target.join("examples").join(example));
    command
        .env_clear()
        .env("ROCKET_PORT", "0")
        .env("ADMIN_PORT", "0")
        .envs(variables.iter().copied());
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

impl Running {
    /// The service `cases`.
    pub(crate) fn start(variables: &[(&str, &str)]) -> Self {
        Self::start_example("cases", variables)
    }

    /// The service `cases`, by each listener there is: what it counts must not depend on that.
    pub(crate) fn both() -> [Self; 2] {
        ["hardened", "vulnerable"].map(|handling| Self::start(&[("CONNECTIONS", handling)]))
    }

    /// The service `cases`, with so many file descriptors at most.
    pub(crate) fn start_with_files(most: u64, variables: &[(&str, &str)]) -> Self {
        let mut limited = Command::new("prlimit");
        let service = command("cases", variables);
        limited.arg(format!("--nofile={most}:{most}")).arg(service.get_program()).env_clear();
        let variables = service.get_envs().filter_map(|(name, value)| Some((name, value?)));
        limited.envs(variables).env("PATH", "/usr/bin:/bin");
        limited.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        Self::ready(Self::spawned(limited))
    }

    /// Whether a new connection gets an answer in time.
    pub(crate) fn answers_within(&self, path: &str, limit: Duration) -> bool {
        let Ok(mut stream) = TcpStream::connect_timeout(&self.address, limit) else {
            return false;
        };
        stream.set_read_timeout(Some(limit)).unwrap();
        let asked = stream.write_all(request("GET", path).as_bytes());
        let mut answer = [0; 12];
        asked.is_ok() && stream.read_exact(&mut answer).is_ok() && answer.ends_with(b" 200")
    }

    /// A service that calls `instrument::run`.
    pub(crate) fn start_example(example: &str, variables: &[(&str, &str)]) -> Self {
        Self::ready(Self::spawn(example, variables))
    }

    fn ready(mut service: Self) -> Self {
        service.admin = service.address_in("admin ready");
        service.address = service.address_in("ready");
        service
    }

    /// An application that Rocket launches, so that Rocket's own log says where; its metrics are on
    /// the same port.
    pub(crate) fn launch_example(example: &str) -> Self {
        let mut service = Self::spawn(example, &[("ROCKET_CLI_COLORS", "false")]);
        let line = service.line(|line| line.contains("Rocket has launched from"));
        let address = line.rsplit("http://").next().unwrap().trim();
        (service.address, service.admin) = (address.parse().unwrap(), address.parse().unwrap());
        service
    }

    fn spawn(example: &str, variables: &[(&str, &str)]) -> Self {
        Self::spawned(command(example, variables))
    }

    fn spawned(mut command: Command) -> Self {
        let mut child =
            command.spawn().expect("`cargo test` builds examples, `cargo test --test it` does not");
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let (sender, log) = channel();
        std::thread::spawn(move || {
            lines.map_while(Result::ok).try_for_each(|line| sender.send(line))
        });
        let unknown = SocketAddr::from(([127, 0, 0, 1], 0));
        Self { child, address: unknown, admin: unknown, log, seen: Vec::new() }
    }

    fn address_in(&mut self, message: &str) -> SocketAddr {
        let line = self.log_line(|line| line["message"] == message);
        line["address"].as_str().unwrap().parse().unwrap()
    }

    /// The first log line, from the start of the service on, that `wanted` accepts.
    pub(crate) fn log_line(&mut self, wanted: impl Fn(&Value) -> bool) -> Value {
        let parse = |line: &str| serde_json::from_str::<Value>(line).unwrap_or_default();
        parse(&self.line(|line| wanted(&parse(line))))
    }

    fn line(&mut self, wanted: impl Fn(&str) -> bool) -> String {
        if let Some(line) = self.seen.iter().find(|line| wanted(line)) {
            return line.clone();
        }
        loop {
            let line = self.log.recv_timeout(PATIENCE);
            let line = line.unwrap_or_else(|_| panic!("no such line in {:#?}", self.seen));
            self.seen.push(line.clone());
            if wanted(&line) {
                return line;
            }
        }
    }

    /// Sends `text` as it is and returns all that comes back.
    pub(crate) fn raw(&self, text: &str) -> String {
        let mut stream = self.send(text);
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        String::from_utf8_lossy(&answer).into_owned()
    }

    /// Sends `text` and leaves the connection open.
    pub(crate) fn send(&self, text: &str) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.write_all(text.as_bytes()).unwrap();
        stream
    }

    pub(crate) fn get(&self, path: &str) -> String {
        self.raw(&request("GET", path))
    }

    /// Asks the admin port and returns the body.
    pub(crate) fn admin_get(&self, path: &str) -> (u16, Vec<u8>) {
        get(self.admin, path)
    }

    pub(crate) fn metrics(&self) -> String {
        String::from_utf8(self.admin_get("/metrics").1).unwrap()
    }

    /// The value of one series, written as on `/metrics`.
    pub(crate) fn value(&self, series: &str) -> Option<f64> {
        let metrics = self.metrics();
        metrics.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' ')?.parse().ok())
    }

    /// Waits until the series has the value.
    pub(crate) fn expect(&self, series: &str, value: f64) {
        self.until(&format!("{series} is {value}"), || self.value(series) == Some(value));
    }

    /// Waits until `holds`, asking again and again.
    pub(crate) fn until(&self, what: &str, holds: impl Fn() -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !holds() {
            assert!(Instant::now() < deadline, "in vain until {what}:\n{}", self.metrics());
            std::thread::yield_now();
        }
    }

    pub(crate) fn signal(&self, signal: rustix::process::Signal) {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, signal).unwrap();
    }

    /// Waits for the end of the process.
    pub(crate) fn wait(&mut self) -> ExitStatus {
        wait(&mut self.child)
    }
}

/// Asks `address` and returns status and body.
pub(crate) fn get(address: SocketAddr, path: &str) -> (u16, Vec<u8>) {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.write_all(request("GET", path).as_bytes()).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let end = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n").unwrap();
    let status = String::from_utf8_lossy(&answer[9..12]).parse().unwrap();
    (status, answer.split_off(end + 4))
}

/// Waits for the end of a process, but not for ever.
pub(crate) fn wait(child: &mut Child) -> ExitStatus {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status;
        }
        assert!(Instant::now() < deadline, "the process does not end");
        std::thread::yield_now();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// An HTTP/1.1 request after which the server closes the connection.
pub(crate) fn request(method: &str, path: &str) -> String {
    format!("{method} {path} HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n")
}

/// Hangs up in a way that the server notices at once.
pub(crate) fn hang_up(stream: TcpStream) {
    let _ = stream.shutdown(Shutdown::Both);
}
