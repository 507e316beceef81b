//! The two ways in, as the examples show them: an application of one's own, and a service.

use std::path::Path;

use crate::service::Running;

fn total(endpoint: &str, status: u16) -> String {
    format!(
        "rocket_http_requests_total{{endpoint=\"{endpoint}\",method=\"GET\",status=\"{status}\"}}"
    )
}

#[test]
fn an_application_of_ones_own_shows_its_golden_signals_after_three_lines() {
    let own = Running::launch_example("own_rocket");
    assert_eq!(own.value(&total("/hello/<name>", 200)), Some(0.0), "from the start");
    assert!(own.get("/hello/ada").ends_with("Hello, ada!\n"));
    assert!(own.get("/nowhere").starts_with("HTTP/1.1 404"));
    own.expect(&total("/hello/<name>", 200), 1.0);
    own.expect(&total("unmatched", 404), 1.0);
    let count = "rocket_http_requests_duration_seconds_count{endpoint=\"/hello/<name>\",method=\"GET\",status=\"200\"}";
    own.expect(count, 1.0);
}

#[test]
fn a_scrape_on_the_applications_own_port_counts_neither_as_a_request_nor_as_in_flight() {
    let own = Running::launch_example("own_rocket");
    for _ in 0..3 {
        assert_eq!(own.value("rocket_http_requests_in_flight"), Some(0.0), "not itself");
    }
    assert!(!own.metrics().contains("/metrics"), "{}", own.metrics());
}

#[test]
fn a_service_with_all_there_is_is_seen_on_its_admin_port() {
    let mut full = Running::start_example("full", &[]);
    assert!(full.get("/hello/ada").ends_with("Hello, ada!\n"));
    full.expect(&total("/hello/<name>", 200), 1.0);
    let line = full.log_line(|line| line["message"] == "greeting");
    assert_eq!(line["name"], "ada");
    assert_eq!(line["trace_id"].as_str().map(str::len), Some(32));
    assert!(full.value("process_resident_memory_bytes").unwrap() > 0.0);
    assert_eq!(full.admin_get("/readyz").0, 200);
}

#[test]
fn the_signals_can_be_copied_since_they_need_nothing_else_of_the_crate() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let files = std::fs::read_dir(src.join("signals")).unwrap().map(|entry| entry.unwrap().path());
    for file in files.chain([src.join("signals.rs")]) {
        let text = std::fs::read_to_string(&file).unwrap();
        let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
        for line in code {
            for other in ["crate::", "tracing", "opentelemetry", "cfg(feature"] {
                assert!(!line.contains(other), "{}: {line}", file.display());
            }
        }
    }
}

#[test]
fn the_readme_shows_the_examples_as_they_are() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let readme = std::fs::read_to_string(folder.join("README.md")).unwrap();
    for example in ["own_rocket", "full"] {
        let text = std::fs::read_to_string(folder.join(format!("examples/{example}.rs"))).unwrap();
        let code = text.split_once("\n\n").unwrap().1; // without what the file says about itself
        assert!(readme.contains(&format!("\n{code}```\n")), "README.md does not show {example}.rs");
    }
}
