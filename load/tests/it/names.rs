//! Names, by the rules of the crate `resolver`: here only that they are used.

use std::{path::Path, process::Command};

use domain::base::iana::Rcode;
use tempfile::TempDir;
use testkit::dns_server::{DnsServer, Reply};

use crate::support::{Server, command, count, finish};

/// A run against `http://NAME:PORT/`, with resolver files of its own.
fn load(name: &str, port: u16, files: &Path, dns_port: u16) -> Command {
    let url = format!("http://{name}:{port}/");
    let mut command = command(&[&url, "--rate", "100", "--duration", "200ms", "--json"]);
    command
        .env("HOSTS_FILE", files.join("hosts"))
        .env("RESOLV_CONF", files.join("resolv.conf"))
        .env("RESOLV_PORT", dns_port.to_string());
    command
}

/// A folder with these two files.
fn files(resolv_conf: &str, hosts: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("resolv.conf"), resolv_conf).unwrap();
    std::fs::write(folder.path().join("hosts"), hosts).unwrap();
    folder
}

#[test]
fn localhost_and_names_in_the_hosts_file_need_no_name_server() {
    let server = Server::start();
    let files = files("", "127.0.0.1 shop # and nothing else\n");
    for name in ["localhost", "shop"] {
        let run = load(name, server.address.port(), files.path(), 53).spawn().unwrap();
        let (report, code) = finish(run);
        assert_eq!((code, count(&report, "errors")), (0, 0), "{name}: {report}");
        assert!(count(&report, "ok") >= 15, "{name}: {report}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_name_is_found_through_the_search_list() {
    let dns = DnsServer::start(|query| match query.name.as_str() {
        "shop.default.svc.cluster.local." => Reply::address("127.0.0.1"),
        _ => Reply::Rcode(Rcode::NXDOMAIN),
    })
    .await;
    let server = Server::start();
    let resolv_conf = format!(
        "{}search default.svc.cluster.local svc.cluster.local\noptions ndots:5\n",
        dns.nameserver()
    );
    let files = files(&resolv_conf, "");
    let run = load("shop", server.address.port(), files.path(), dns.port()).spawn().unwrap();
    let (report, code) = tokio::task::spawn_blocking(|| finish(run)).await.unwrap();
    assert_eq!((code, count(&report, "errors")), (0, 0), "{report}");
    assert_eq!(dns.questions()[0], "shop.default.svc.cluster.local. A");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_lookup_is_a_dns_error_with_its_reason() {
    let dns = DnsServer::start(|query| match query.name.as_str() {
        "broken." => Reply::Rcode(Rcode::SERVFAIL),
        _ => Reply::Rcode(Rcode::NXDOMAIN),
    })
    .await;
    let files = files(&format!("{}options attempts:1\n", dns.nameserver()), "");
    for (name, reason) in [("broken", "SERVFAIL"), ("nobody", "NXDOMAIN")] {
        let run = load(name, 80, files.path(), dns.port()).spawn().unwrap();
        let (report, code) = tokio::task::spawn_blocking(|| finish(run)).await.unwrap();
        assert_eq!(code, 2, "{report}");
        assert!(count(&report["outcomes"], "dns") > 0, "{report}");
        assert!(report["messages"]["dns"].as_str().unwrap().contains(reason), "{report}");
    }
}

#[test]
fn what_is_ignored_in_resolv_conf_goes_to_standard_error_once() {
    let server = Server::start();
    let files = files("nameserver 127.0.0.1:53\nnameserver 127.0.0.1\n", "10.0.0.1\n");
    // `shop` is asked for; `localhost` is not, so only the hosts file is read.
    for (name, lines) in [("shop", 2), ("localhost", 1)] {
        let mut command = load(name, server.address.port(), files.path(), 1);
        let output = command.arg("--mode").arg("churn").output().unwrap();
        let error = String::from_utf8(output.stderr).unwrap();
        let ignored: Vec<&str> =
            error.lines().filter(|line| line.starts_with("load: ignored: ")).collect();
        assert_eq!(ignored.len(), lines, "{name}: {error}");
        assert!(ignored.iter().all(|line| line.contains(" at line 1: ")), "{error}");
    }
}
