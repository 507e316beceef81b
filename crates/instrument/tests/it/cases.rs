//! What is counted for every way in which a request can end: the table in this crate's README, row
//! by row.

use std::io::Read;

use crate::service::{Running, hang_up, request};

fn total(endpoint: &str, method: &str, status: u16) -> String {
    format!(
        "rocket_http_requests_total{{endpoint=\"{endpoint}\",method=\"{method}\",status=\"{status}\"}}"
    )
}

fn aborted(endpoint: &str, reason: &str) -> String {
    format!(
        "rocket_http_requests_aborted_total{{endpoint=\"{endpoint}\",method=\"GET\",reason=\"{reason}\"}}"
    )
}

fn abort_count(metrics: &str) -> f64 {
    let of = |line: &str| {
        line.strip_prefix("rocket_http_requests_aborted_total")?
            .rsplit_once(' ')?
            .1
            .parse::<f64>()
            .ok()
    };
    metrics.lines().filter_map(of).sum()
}

#[test]
fn every_answered_request_is_counted_once_under_its_route_method_and_status() {
    let post = |body: &str| {
        format!(
            "POST /json HTTP/1.1\r\nhost: t\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        )
    };
    let cases = [
        ("a normal answer", request("GET", "/ok"), "HTTP/1.1 200", total("/ok", "GET", 200)),
        (
            "a path segment of the wrong type",
            request("GET", "/number/many"),
            "HTTP/1.1 422",
            total("/number/<n>", "GET", 422),
        ),
        ("a body that is not JSON", post("{"), "HTTP/1.1 400", total("/json", "POST", 400)),
        (
            "an error that the handler returns",
            request("GET", "/broken"),
            "HTTP/1.1 503",
            total("/broken", "GET", 503),
        ),
        (
            "a path without a route",
            request("GET", "/nowhere"),
            "HTTP/1.1 404",
            total("unmatched", "GET", 404),
        ),
        (
            "a known path with the wrong method",
            request("DELETE", "/ok"),
            "HTTP/1.1 405",
            total("unmatched", "DELETE", 405),
        ),
        (
            "a handler that panics",
            request("GET", "/panics"),
            "HTTP/1.1 500",
            total("/panics", "GET", 500),
        ),
        (
            "a HEAD that a GET route answers",
            request("HEAD", "/ok"),
            "HTTP/1.1 200",
            total("/ok", "HEAD", 200),
        ),
        (
            "a stream read to its end",
            request("GET", "/stream"),
            "HTTP/1.1 200",
            total("/stream", "GET", 200),
        ),
        (
            "a method that does not exist",
            request("FOO", "/nowhere"),
            "HTTP/1.1 400",
            total("unmatched", "unknown", 400),
        ),
    ];
    for service in Running::both() {
        for (name, sends, gets, series) in &cases {
            let answer = service.raw(sends);
            assert!(answer.starts_with(gets), "{name}: {answer}");
            service.expect(series, 1.0);
        }
        service.expect("rocket_http_requests_in_flight", 0.0);
        assert_eq!(abort_count(&service.metrics()), 0.0, "none of these was aborted");
    }
}

#[test]
fn a_method_that_does_not_exist_is_told_those_that_do() {
    // Rocket's own listener answers before it looks at the path.
    let service = Running::start(&[("CONNECTIONS", "hardened")]);
    let answer = service.raw(&request("FOO", "/ok"));
    assert!(answer.starts_with("HTTP/1.1 405") && answer.contains("allow: GET"), "{answer}");
    service.expect(&total("unmatched", "unknown", 405), 1.0);
}

#[test]
fn malformed_http_is_counted_as_a_failed_connection() {
    for service in Running::both() {
        assert!(service.raw("this is not HTTP\r\n\r\n").starts_with("HTTP/1.1 400"));
        service.expect("rocket_connections_failed_total", 1.0);
    }
}

#[test]
fn a_client_that_leaves_while_the_handler_works_is_counted_as_200_and_as_aborted() {
    for service in Running::both() {
        let stream = service.send(&request("GET", "/slow/300"));
        service.expect("rocket_http_requests_in_flight", 1.0);
        hang_up(stream);
        service.expect(&aborted("/slow/<ms>", "client_left"), 1.0);
        service.expect(&total("/slow/<ms>", "GET", 200), 1.0);
        service.expect("rocket_http_requests_in_flight", 0.0);
    }
}

#[test]
fn a_client_that_leaves_in_the_middle_of_a_body_is_counted_as_aborted() {
    for service in Running::both() {
        let mut stream = service.send(&request("GET", "/big"));
        let mut some = [0; 1000];
        stream.read_exact(&mut some).unwrap();
        hang_up(stream);
        service.expect(&aborted("/big", "client_left"), 1.0);
        service.expect("rocket_http_requests_in_flight", 0.0);
    }
}

#[test]
fn a_body_read_to_its_last_byte_is_not_aborted() {
    for service in Running::both() {
        assert!(service.get("/big").len() > 32 << 20);
        service.expect("rocket_http_requests_in_flight", 0.0);
        assert_eq!(abort_count(&service.metrics()), 0.0);
    }
}

#[test]
fn a_stream_that_panics_is_counted_although_its_client_got_a_complete_short_body() {
    for service in Running::both() {
        let answer = service.get("/stream-panics");
        assert!(answer.contains("chunk"), "{answer}");
        service.expect(&aborted("/stream-panics", "body_failed"), 1.0);
        service.expect("rocket_http_streams_open", 0.0);
        assert_eq!(abort_count(&service.metrics()), 1.0, "once, not once per cause");
    }
}

#[test]
fn fairings_that_panic_leave_no_request_in_flight_and_are_counted_as_no_response() {
    for service in Running::both() {
        assert_eq!(service.get("/request-fairing-panics"), "", "an empty reply");
        service.expect(&aborted("unmatched", "no_response"), 1.0);
        assert_eq!(service.get("/response-fairing-panics"), "");
        service.expect(&aborted("unmatched", "no_response"), 2.0);
        service.expect("rocket_http_requests_in_flight", 0.0);
    }
}

#[test]
fn server_sent_events_are_open_streams_and_neither_in_flight_nor_aborted_when_the_client_leaves() {
    for service in Running::both() {
        let stream = service.send(&request("GET", "/events"));
        service.expect("rocket_http_streams_open", 1.0);
        service.expect("rocket_http_requests_in_flight", 0.0);
        service.expect("rocket_connections_open", 1.0);
        hang_up(stream);
        service.expect("rocket_http_streams_open", 0.0);
        assert_eq!(abort_count(&service.metrics()), 0.0);
        service.expect("rocket_connections_open", 0.0);
    }
}

#[test]
fn every_route_has_its_series_at_zero_before_the_first_request() {
    for service in Running::both() {
        for status in [200, 404, 422, 500, 503] {
            assert_eq!(service.value(&total("/ok", "GET", status)), Some(0.0));
        }
        assert_eq!(service.value(&total("unmatched", "GET", 404)), Some(0.0));
        let count = "rocket_http_requests_duration_seconds_count{endpoint=\"/ok\",method=\"GET\",status=\"200\"}";
        assert_eq!(service.value(count), Some(0.0));
    }
}

#[test]
fn scrapes_and_probes_are_not_counted() {
    for service in Running::both() {
        let before: Vec<String> = requests(&service.metrics());
        for path in ["/metrics", "/healthz", "/readyz"] {
            assert_eq!(service.admin_get(path).0, 200);
        }
        assert_eq!(requests(&service.metrics()), before);
    }
}

fn requests(metrics: &str) -> Vec<String> {
    metrics
        .lines()
        .filter(|line| line.starts_with("rocket_http_requests_total"))
        .map(str::to_owned)
        .collect()
}
