//! Four times as many requests as the server can take: nobody crashes, and nothing is lost.

use crate::support::{Server, count, run};

#[test]
fn what_cannot_be_sent_is_dropped_and_every_one_is_counted() {
    let server = Server::start();
    // Ten connections, two milliseconds each: at most 5000 answers per second.
    let url = server.url("/slow/2");
    let (report, code) = run(&[
        &url,
        "--rate",
        "20000",
        "--duration",
        "3s",
        "--connections",
        "10",
        "--max-in-flight",
        "2000",
    ]);
    assert_eq!(code, 0);
    assert_eq!(count(&report, "due"), 60_000);
    assert!(count(&report, "dropped") > 30_000, "{report}");
    assert!(count(&report, "ok") > 0 && count(&report, "errors") == 0, "{report}");
    // The queue was full all the time; at the end the generator waits for those in it.
    assert_eq!(count(&report, "censored"), 0, "{report}");

    let (report, code) = run(&[&server.url("/"), "--rate", "100", "--duration", "200ms"]);
    assert_eq!(
        (code, count(&report, "due"), count(&report, "errors")),
        (0, 20, 0),
        "the server is alive: {report}"
    );
}

#[test]
fn requests_that_wait_too_long_for_a_connection_are_time_outs() {
    let server = Server::start();
    let url = server.url("/slow/200");
    let (report, _) = run(&[
        &url,
        "--rate",
        "100",
        "--duration",
        "1s",
        "--connections",
        "1",
        "--timeout",
        "300ms",
    ]);
    assert!(count(&report["outcomes"], "timeout") > 50, "{report}");
    assert!(count(&report["outcomes"], "ok") > 0, "{report}");
}
