//! How soon a page fires: within the time of the burn-rate formula (budget share of the long window
//! by error rate) plus two scrapes, and not sooner.

use slo::Clock;

use crate::promtool::{firing, only, raw_test, shop};

/// Scrapes before the fault, more than six hours of them: every window that pages has been clean.
const CALM: u64 = 370;
const REQUESTS: u64 = 1000;

#[test]
fn a_page_fires_at_the_time_of_the_formula_plus_two_scrapes_and_not_before() {
    // The published table for 14.4 times the budget in an hour, in seconds with production windows.
    for (objective, percent, seconds) in [
        ("slo", 100, 51.84),
        ("slo", 10, 518.4),
        ("slo", 2, 2592.0),
        ("sla", 100, 259.2),
        ("sla", 10, 2592.0),
    ] {
        detects(Clock::Real, 60, objective, percent, seconds);
        detects(Clock::Stage, 1, objective, percent, seconds / 60.0);
    }
}

fn detects(clock: Clock, scrape: u64, objective: &str, percent: u64, seconds: f64) {
    let bad = REQUESTS * percent / 100;
    let good = REQUESTS - bad;
    let scrapes = (seconds / scrape as f64) as u64;
    let last = scrapes + 3;
    let input = [
        (
            r#"http_requests_total{job="shop",code="200"}"#,
            format!("0+{REQUESTS}x{CALM} {}+{good}x{last}", REQUESTS * CALM + good),
        ),
        (r#"http_requests_total{job="shop",code="500"}"#, format!("0x{CALM} {bad}+{bad}x{last}")),
    ];
    let page = firing("ShopAvailability", &format!(",severity=\"page\",objective=\"{objective}\""));
    let at = |scrapes: u64| format!("{}s", (CALM + scrapes) * scrape);
    // What the formula puts between two scrapes is seen at the earlier one at the soonest.
    let checks = [(at(scrapes.saturating_sub(1)), page.clone(), 0.0), (at(scrapes + 2), page, 1.0)];
    println!(
        "{clock:?}: {objective}, {percent} % errors: pages within {seconds:.1} s and two scrapes of {scrape} s"
    );
    let catalogue = only(&shop(), "availability");
    raw_test(clock, &catalogue, &format!("{scrape}s"), &input, &checks);
}
