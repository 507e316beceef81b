//! `tale doctor`: what is missing or in the way, and the command that fixes it.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use anyhow::{Result, ensure};
use stage::local::port_holder;

use crate::cli::Place;
use crate::exit::UNDECIDED;
use crate::finding::Finding;
use crate::folders::{self, Project};
use crate::in_cluster;
use crate::terminal::Ui;

/// Prints what a play needs, and what to do where something is in the way.
///
/// # Errors
/// There is no project, or no way to the cluster.
pub async fn run(project: &Project, fix: bool, place: &Place) -> Result<ExitCode> {
    let ui = Ui::new();
    if fix {
        ensure!(
            place.is_cluster(),
            "--fix is for --on cluster; here ./tale installs what is missing, and doctor names the rest"
        );
        for done in in_cluster::fix(place).await? {
            ui.line(&format!("· fixed: {done}"));
        }
    }
    let findings = if place.is_cluster() {
        in_cluster::doctor(place).await?
    } else {
        examine(project.folder()?)
    };
    let width = findings.iter().map(|finding| finding.what.len()).max().unwrap_or(0) + 2;
    for finding in &findings {
        let (mark, remedy) = if finding.ok {
            (ui.green("✓"), String::new())
        } else {
            (ui.red("✗"), format!("  fix: {}", finding.remedy))
        };
        ui.line(&format!("{mark} {:<width$}{}{remedy}", finding.what, finding.found));
    }
    let all_well = findings.iter().all(|finding| finding.ok);
    Ok(if all_well { ExitCode::SUCCESS } else { ExitCode::from(UNDECIDED) })
}

/// Looks at everything that a play needs.
pub fn examine(root: &Path) -> Vec<Finding> {
    let mut findings = vec![
        program(&["prometheus"], "prometheus"),
        program(&["promtool"], "prometheus"),
        program(&["prometheus-alertmanager", "alertmanager"], "prometheus-alertmanager"),
    ];
    findings.extend(services(root));
    findings.push(loopback());
    findings.extend(PORTS.map(port));
    findings.push(descriptors());
    findings.push(writable(root));
    findings
}

fn program(names: &[&str], package: &str) -> Finding {
    let found = names.iter().find_map(|name| Some((name, version(name)?)));
    Finding {
        what: names[0].to_owned(),
        ok: found.is_some(),
        found: found.map_or_else(|| "not installed".to_owned(), |(_, version)| version),
        remedy: format!("apt-get install {package}, or let ./tale install it"),
    }
}

/// What a program says about its version, in its first line.
fn version(name: &str) -> Option<String> {
    let output = Command::new(name).arg("--version").stdin(Stdio::null()).output().ok()?;
    let text = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    let words: Vec<&str> = text.lines().next()?.split_whitespace().collect();
    let after = words.iter().position(|word| *word == "version").map(|at| at + 1);
    Some(
        after
            .and_then(|at| words.get(at))
            .map_or_else(|| "installed".to_owned(), |version| (*version).to_owned()),
    )
}

/// The services have to lie beside this program.
fn services(root: &Path) -> Vec<Finding> {
    let beside =
        std::env::current_exe().ok().and_then(|program| Some(program.parent()?.to_owned()));
    let beside = beside.unwrap_or_else(|| PathBuf::from("."));
    let finding = |name: String| {
        let ok = beside.join(&name).is_file();
        Finding {
            what: format!("service {name}"),
            ok,
            found: if ok { "built" } else { "not built" }.to_owned(),
            remedy: "cargo build --release --workspace --bins, which ./tale does by itself"
                .to_owned(),
        }
    };
    folders::services(root).into_iter().map(finding).collect()
}

/// Pods live on addresses from 127.1.0.0 on; Linux answers to all of 127.0.0.0/8.
fn loopback() -> Finding {
    let bound = TcpListener::bind("127.254.0.1:0");
    Finding {
        what: "loopback addresses".to_owned(),
        ok: bound.is_ok(),
        found: bound.map_or_else(|why| why.to_string(), |_| "127.0.0.0/8 can be used".to_owned()),
        remedy: "ip addr add 127.0.0.1/8 dev lo".to_owned(),
    }
}

/// Ports that pods, Services, Prometheus and Alertmanager like to use.
const PORTS: [u16; 4] = [8000, 9000, 9090, 9093];

/// Whoever listens on all addresses takes a port away from every pod. The stage goes elsewhere
/// then, which nobody has to like.
fn port(port: u16) -> Finding {
    let holder = port_holder(port);
    let free = TcpListener::bind(("127.254.0.1", port)).is_ok();
    let found = match (&holder, free) {
        (_, true) => "free".to_owned(),
        (Some(program), false) => {
            format!("{program} listens on it everywhere; the stage uses another one in its place")
        }
        (None, false) => {
            "another program listens on it everywhere; the stage uses another one in its place"
                .to_owned()
        }
    };
    Finding { what: format!("port {port}"), ok: true, found, remedy: String::new() }
}

fn descriptors() -> Finding {
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile);
    let most = limit.maximum.unwrap_or(u64::MAX);
    Finding {
        what: "open files".to_owned(),
        ok: most >= 4096,
        found: format!("{most} at most"),
        remedy: "ulimit -Hn 65536, or LimitNOFILE= of the session".to_owned(),
    }
}

fn writable(root: &Path) -> Finding {
    let folder = folders::stages(root);
    let probe = folder.join(format!("doctor-{}", std::process::id()));
    let written = std::fs::create_dir_all(&folder)
        .and_then(|()| std::fs::write(&probe, ""))
        .and_then(|()| std::fs::remove_file(&probe));
    Finding {
        what: "state folder".to_owned(),
        ok: written.is_ok(),
        found: written.map_or_else(
            |why| why.to_string(),
            |()| {
                format!("{} can be written", folder.strip_prefix(root).unwrap_or(&folder).display())
            },
        ),
        remedy: format!("chown -R \"$USER\" {}", folder.display()),
    }
}
