//! The generated rules and their generated tests, judged by promtool.

use slo::{Catalogue, Clock, compile, promtool_tests};

use crate::promtool::{Folder, dns_leaker, firing, leak, only, raw_test, shop};

const CLOCKS: [Clock; 2] = [Clock::Real, Clock::Stage];

/// One rule file per SLO: the tests of one need not evaluate the rules of all.
fn check(catalogue: &Catalogue) {
    for (slo, clock) in catalogue.slos.iter().flat_map(|slo| CLOCKS.map(|clock| (slo, clock))) {
        let catalogue = &only(catalogue, &slo.metadata.name);
        let folder = Folder::new();
        folder.write("rules.yaml", &compile(catalogue, clock).unwrap().to_rules());
        folder.promtool(&["check", "rules", "rules.yaml"]);
        for test in promtool_tests(catalogue, clock, "rules.yaml") {
            folder.write(&test.file_name, &test.text);
            folder.promtool(&["test", "rules", &test.file_name]);
        }
    }
}

#[test]
fn the_generated_tests_of_the_shipped_slo_pass() {
    check(&dns_leaker());
}

#[test]
fn the_generated_tests_of_every_way_of_measuring_pass() {
    check(&shop());
}

#[test]
fn on_the_stage_a_leak_fires_within_fifteen_seconds_stays_and_resolves_within_ten() {
    let page = firing("DnsLeakerMemoryGrowth", ",severity=\"page\"");
    let any = firing("DnsLeakerMemoryGrowth", "");
    let check = |second: u32, expr: &str, value| (format!("{second}s"), expr.to_owned(), value);
    let mut checks: Vec<_> = (0..=120).map(|second| check(second, &any, 0.0)).collect();
    // Once it fires it never stops while the breach persists.
    checks.extend((135..240).map(|second| check(second, &page, 1.0)));
    checks.extend((250..=390).map(|second| check(second, &any, 0.0)));
    raw_test(Clock::Stage, &dns_leaker(), "1s", &leak("12000000"), &checks);
}

#[test]
fn in_calm_and_in_a_fresh_prometheus_nothing_is_even_pending() {
    let none = "count(ALERTS) or vector(0)".to_owned();
    let checks: Vec<_> =
        (0..=390).map(|second| (format!("{second}s"), none.clone(), 0.0)).collect();
    raw_test(Clock::Stage, &dns_leaker(), "1s", &leak("10900000"), &checks);
}

#[test]
fn an_objective_without_data_says_so_after_half_an_hour() {
    let alert = firing("DnsLeakerMemoryGrowthNoData", "");
    let checks = [("29s".to_owned(), alert.clone(), 0.0), ("33s".to_owned(), alert, 1.0)];
    raw_test(Clock::Stage, &dns_leaker(), "1s", &[("unrelated", "1x60".to_owned())], &checks);
}

#[test]
fn both_clocks_alarm_alike() {
    // The same fault with time divided by 60: 100 requests a tick, an hour calm, half an hour
    // with 5 % errors, an hour repaired. On the real clock a sample is 60 s, on the stage 1 s.
    let input = [
        (r#"http_requests_total{job="shop",code="200"}"#, "0+95x150".to_owned()),
        (r#"http_requests_total{job="shop",code="500"}"#, "0x59 0+5x29 145x60".to_owned()),
    ];
    // The SLO (0.1 % allowed) pages, the SLA (0.5 %) does not: 5 % is below 14.4 times its budget.
    // An hour after the repair the page is gone and both tickets remain.
    let expected = [
        (59, "page", 0.0),
        (75, "page", 1.0),
        (88, "page", 1.0),
        (149, "page", 0.0),
        (149, "ticket", 2.0),
    ];
    for (clock, unit) in [(Clock::Real, "m"), (Clock::Stage, "s")] {
        let checks: Vec<_> = expected
            .iter()
            .map(|(minute, severity, value)| {
                let labels = format!(",severity=\"{severity}\"");
                (format!("{minute}{unit}"), firing("ShopAvailability", &labels), *value)
            })
            .collect();
        raw_test(clock, &only(&shop(), "availability"), &format!("1{unit}"), &input, &checks);
    }
}

#[test]
fn an_alert_policy_fires_after_its_delay() {
    // 1 % errors are ten times the budget of the SLO and twice that of the SLA: only the first is
    // above 2.
    let input = [
        (r#"http_requests_total{job="shop",code="200"}"#, "0+99x60".to_owned()),
        (r#"http_requests_total{job="shop",code="500"}"#, "0+1x60".to_owned()),
    ];
    let alert = firing(
        "ShopAvailabilitySlowBurn",
        ",severity=\"ticket\",targets=\"chat\",objective=\"slo\"",
    );
    let checks =
        [("10m", 0.0), ("20m", 1.0)].map(|(at, value)| (at.to_owned(), alert.clone(), value));
    raw_test(Clock::Real, &only(&shop(), "availability"), "1m", &input, &checks);
}

#[test]
fn an_alert_policy_tells_no_data_from_no_traffic() {
    let both = |name: &str| {
        let name = format!("{name}SlowBurn");
        let breach = firing(&name, ",objective=\"slo\"");
        let blind = firing(&format!("{name}NoData"), ",objective=\"slo\",targets=\"chat\"");
        (breach, blind)
    };
    let sliced = include_str!("../../fixtures/shop.yaml")
        .replacen("budgetingMethod: Occurrences", "budgetingMethod: Timeslices", 1)
        .replace("target: 0.999}", "target: 0.999, timeSliceTarget: 0.95, timeSliceWindow: 1m}")
        .replace(
            "targetPercent: 99.5}",
            "targetPercent: 99.5, timeSliceTarget: 0.95, timeSliceWindow: 1m}",
        );
    let sliced = Catalogue::load(&[("shop.yaml", sliced)]).unwrap();
    for catalogue in [shop(), sliced] {
        // An hour of traffic, two of silence, then the shop is gone.
        let input = [(
            r#"http_requests_total{job="shop",code="200"}"#,
            "0+100x60 6000x120 stale".to_owned(),
        )];
        let (breach, blind) = both("ShopAvailability");
        let mut checks = Vec::new();
        for (minute, gone) in [(50, 0.0), (120, 0.0), (175, 0.0), (240, 1.0)] {
            checks.push((format!("{minute}m"), breach.clone(), 0.0));
            checks.push((format!("{minute}m"), blind.clone(), gone));
        }
        let catalogue = only(&catalogue, "availability");
        raw_test(Clock::Real, &catalogue, "1m", &input, &checks);
    }
}

#[test]
fn a_damaged_rule_is_caught_by_its_generated_tests() {
    let catalogue = dns_leaker();
    let rules = compile(&catalogue, Clock::Stage).unwrap().to_rules();
    for (sound, damaged) in [
        ("> 14.4 * 0.01", "> 144 * 0.01"),
        ("> 14.4 * 0.01", "> 0 * 0.01"),
        (
            "ratio_rate5m{service=\"dns-leaker\",slo=\"memory-growth\",objective=\"objective-1\"} > 0",
            "ratio_rate1h > 0",
        ),
    ] {
        assert!(rules.contains(sound), "{sound}");
        let folder = Folder::new();
        // All occurrences, and the slow pair out of the way: it would cover for a fast one that
        // never fires.
        let damaged = rules.replace(sound, damaged).replace("> 6 * 0.01", "> 600 * 0.01");
        folder.write("rules.yaml", &damaged);
        let test = &promtool_tests(&catalogue, Clock::Stage, "rules.yaml")[0];
        folder.write("test.yaml", &test.text);
        let ended = folder.run(&["test", "rules", "test.yaml"]);
        assert_ne!(ended.code, Some(0), "{sound} was damaged and nobody noticed:\n{ended}");
    }
}
