//! What people see while a run lasts: a line that is rewritten, on a terminal only.

use std::{fs::File, io::Read};

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use testkit::terminal::Terminal;

use crate::support::{Server, command};

/// Both ends of a terminal: what a person sees, and what a program writes to.
fn terminal() -> (File, File) {
    let screen = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&screen).unwrap();
    unlockpt(&screen).unwrap();
    let name = ptsname(&screen, Vec::new()).unwrap();
    let program = File::options().read(true).write(true).open(name.to_str().unwrap()).unwrap();
    (screen.into(), program)
}

#[test]
fn a_terminal_shows_each_second_and_is_left_clean() {
    let server = Server::start();
    let (mut screen, program) = terminal();
    let child = command(&[&server.url("/"), "--rate", "50", "--duration", "2500ms"])
        .stderr(program)
        .spawn()
        .unwrap();
    // Ends with an error when the program has closed the other end.
    let mut seen = Vec::new();
    let _ = screen.read_to_end(&mut seen);
    let seen = String::from_utf8(seen).unwrap();
    let lines: Vec<&str> = seen.split("\r\x1b[2K").collect();
    let seconds = lines.iter().filter(|line| line.contains("/2 s  due "));
    assert!(seconds.count() >= 2, "{seen:?}");
    assert_eq!(lines.last(), Some(&""), "{seen:?}");

    let output = child.wait_with_output().unwrap();
    let report = String::from_utf8(output.stdout).unwrap();
    assert!(report.contains("p99") && !report.contains('\x1b'), "{report:?}");
}

#[tokio::test]
async fn nothing_of_the_line_is_left_on_a_terminal_of_any_width() {
    let server = Server::start();
    for (columns, rows) in [(80, 24), (120, 40), (40, 10)] {
        let run = command(&[&server.url("/"), "--rate", "50", "--duration", "2500ms"]);
        let mut terminal = Terminal::start(&run.into(), columns, rows);
        terminal.wait_for("1/2 s  due ").await;
        terminal.resize(columns - 10, rows);
        assert_eq!(terminal.end().await, 0, "{}", terminal.screen());
        let lines = terminal.lines();
        let left = lines.iter().filter(|line| line.contains("/2 s  due "));
        assert_eq!(left.count(), 0, "{columns} columns: {lines:#?}");
    }
}

#[test]
fn a_pipe_gets_no_line_and_no_escapes() {
    let server = Server::start();
    let output =
        command(&[&server.url("/"), "--rate", "50", "--duration", "1500ms"]).output().unwrap();
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(!error.contains(['\r', '\x1b']), "{error:?}");
}
