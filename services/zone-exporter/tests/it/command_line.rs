//! The program as a user runs it: the README's example, its options, its exit codes.

use testkit::dns_server::{DnsServer, Reply};
use testkit::program::{Ended, Running};
use tokio::process::Command;

use crate::support::start;

const README: &str = include_str!("../../README.md");

fn exporter(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_zone-exporter"));
    command.args(args).env_clear().env("RESOLV_CONF", "/nonexistent/resolv.conf");
    command
}

async fn run(args: &[&str]) -> Ended {
    Running::start(&mut exporter(args)).end().await
}

/// Where nobody listens, and nobody else in these tests could.
const NOBODY: &str = "127.0.0.1:1";

/// A line of metrics: the series, and its value without what is different each time.
fn series(line: &str) -> (String, &'static str) {
    let (series, value) = line.rsplit_once(' ').unwrap();
    let value: f64 = value.parse().unwrap_or_else(|why| panic!("{line}: {why}"));
    let kind = match value {
        age if series.starts_with("zone_serial_age") && age < 60.0 => "an age",
        0.0 => "no",
        1.0 => "yes",
        time if (1.7e9..4.2e9).contains(&time) => "a time",
        _ => "a number",
    };
    (series.to_owned(), kind)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_readme_shows_what_is_printed() {
    let example = README.split("```console\n").nth(1).unwrap().split("```").next().unwrap();
    let (command, shown) = example.split_once('\n').unwrap();
    let command = command.strip_prefix("$ zone-exporter ").unwrap();
    let command = command.strip_suffix(" | grep -v '^#'").unwrap();

    let server = start(&[]);
    server.serves(|_| true).await;
    let real = |text: &str| {
        text.replace("127.0.0.1:8053", &server.address).replace("127.0.0.1:8054", NOBODY)
    };
    let command = real(command);
    let ended = run(&command.split_whitespace().collect::<Vec<_>>()).await.expect_code(1);
    let (complaints, metrics): (Vec<String>, Vec<String>) =
        shown.lines().map(real).partition(|line| line.starts_with("zone-exporter: "));
    assert_eq!(ended.stderr.lines().collect::<Vec<_>>(), complaints, "{ended}");
    let mut metrics: Vec<_> = metrics.iter().map(|line| series(line)).collect();
    let printed = ended.stdout.lines().filter(|line| !line.starts_with('#'));
    let mut printed: Vec<_> = printed.map(series).collect();
    metrics.sort();
    printed.sort();
    assert_eq!(printed, metrics, "{ended}");
}

#[tokio::test(flavor = "multi_thread")]
async fn once_is_content_if_every_server_answers_and_environment_and_options_say_the_same() {
    let server = start(&[]);
    server.serves(|_| true).await;
    let options = run(&["--once", "--zone", "tale.example", "--server", &server.address]).await;
    let options = options.expect_code(0);
    assert!(options.stderr.is_empty(), "{options}");
    let mut command = exporter(&["--once"]);
    command.env("ZONES", "tale.example").env("SERVERS", &server.address);
    let environment = Running::start(&mut command).end().await.expect_code(0);
    let names = |ended: &Ended| {
        let lines = ended.stdout.lines().filter_map(|line| line.rsplit_once(' '));
        lines.map(|(series, _)| series.to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(names(&options), names(&environment));
    assert!(options.stdout.contains("# TYPE zone_serial gauge"), "{options}");

    // The command line goes before.
    let mut command = exporter(&["--once", "--server", &server.address]);
    command.env("ZONES", "tale.example").env("SERVERS", NOBODY);
    Running::start(&mut command).end().await.expect_code(0);
}

#[tokio::test(flavor = "multi_thread")]
async fn once_fails_with_the_reason_and_as_soon_as_it_was_told_to() {
    let server = DnsServer::start(|_| Reply::Silence).await;
    let server = server.address.to_string();
    let args = ["--zone", "tale.example", "--server", &server, "--timeout", "1", "--once"];
    let ended = run(&args).await.expect_code(1);
    for transport in ["udp", "tcp"] {
        let line = format!("no serial of tale.example from {server} over {transport}: timeout");
        assert!(ended.stderr.contains(&line), "{ended}");
    }
    assert!(ended.stdout.contains("reason=\"timeout\""), "{ended}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_asked_is_refused_with_a_remedy() {
    for (args, said) in [
        (&["--zone", "a..b"][..], "'--zone <NAME>'"),
        (&["--server", "ns1:dns"], "ns1.example.org or 192.0.2.1:5353"),
        (&["--every", "0"], "'--every <SECONDS>'"),
        (&["--zones", "a"], "similar argument exists: '--zone'"),
        (&["--once"], "say e.g. --zone example.org --server ns1.example.org"),
        (&["--once", "--zone", "example.org"], "--zone and --server"),
        (&["--zone", "example.org"], "--zone and --server"),
    ] {
        let ended = run(args).await.expect_code(2);
        assert!(ended.stderr.contains(said), "{args:?}: {ended}");
        assert!(ended.stdout.is_empty(), "{ended}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn help_shows_every_option_of_the_readme_and_its_variable() {
    let help = run(&["--help"]).await.expect_code(0).stdout;
    let rows = README.split("| option | variable").nth(1).unwrap().split("\n\n").next().unwrap();
    let rows = rows.lines().filter(|row| row.starts_with("| `--"));
    assert_eq!(rows.clone().count(), 5);
    for word in rows.flat_map(|row| row.split('|').skip(1).take(2)) {
        let word = word.trim().trim_matches('`');
        assert!(help.contains(word), "{word}: {help}");
    }
    assert!(help.contains("Examples:"), "{help}");
}

#[tokio::test(flavor = "multi_thread")]
async fn as_a_service_it_shows_what_the_command_line_names() {
    let server = start(&[]);
    server.serves(|_| true).await;
    let ports = [free_port(), free_port()];
    let mut command = exporter(&["--zone", "tale.example", "--server", &server.address]);
    command.env("ROCKET_PORT", &ports[0]).env("ADMIN_PORT", &ports[1]);
    let running = Running::start(&mut command);
    let wanted = format!("zone_signed{{server=\"{}\",zone=\"tale.example\"}} 1", server.address);
    testkit::wait::eventually("the zone on /metrics", async || {
        let page = get(&ports[1], "/metrics").await?;
        page.contains(&wanted).then_some(())
    })
    .await;
    running.interrupt();
    running.end().await.expect_code(0);
}

fn free_port() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port().to_string()
}

async fn get(port: &str, path: &str) -> Option<String> {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let mut stream = tokio::net::TcpStream::connect(format!("127.0.0.1:{port}")).await.ok()?;
    let request = format!("GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n");
    stream.write_all(request.as_bytes()).await.ok()?;
    let mut page = String::new();
    stream.read_to_string(&mut page).await.ok()?;
    Some(page)
}
