//! Three days in a real Prometheus: the ratio over the period, as compiled, against the events
//! themselves.

use slo::compile::{Name, RuleFile};
use slo::{Clock, Period, compile};
use testkit::history::History;
use testkit::prometheus::Prometheus;

use crate::promtool;

/// 2025-01-01 00:00 UTC.
const START: f64 = 1_735_689_600.0;
const MINUTES: u32 = 3 * 24 * 60;
const END: f64 = START + MINUTES as f64 * 60.0;
const PERIOD: &str = "slo:sli_error:ratio_rate3d";
const EXACT: &str = r#"sum(increase(http_requests_total{job="shop",code="500"}[3d])) / sum(increase(http_requests_total{job="shop"}[3d]))"#;

/// What happens in a minute.
enum Minute {
    Day,
    Night,
    Outage,
    Silence,
}

/// 100 requests a second by day and 1 by night; from one to two in the second night everything
/// fails, and in the third night nobody comes for an hour.
fn minute(number: u32) -> Minute {
    match (number / 1440, number % 1440 / 60) {
        (1, 1) => Minute::Outage,
        (2, 1) => Minute::Silence,
        (_, 6..22) => Minute::Day,
        _ => Minute::Night,
    }
}

/// Counters that start at these values, scraped each minute.
fn traffic(good: f64, bad: f64) -> History {
    let counters = |bad: bool, start: f64| {
        (0..=MINUTES).scan(start, move |count, number| {
            let sample = (START + f64::from(number) * 60.0, *count);
            *count += match (minute(number), bad) {
                (Minute::Day, false) => 6000.0,
                (Minute::Night, false) | (Minute::Outage, true) => 60.0,
                _ => 0.0,
            };
            Some(sample)
        })
    };
    let mut history = History::new();
    history.series(r#"http_requests_total{job="shop",code="200"}"#, counters(false, good));
    history.series(r#"http_requests_total{job="shop",code="500"}"#, counters(true, bad));
    history
}

/// The rules of one objective over three days.
fn rules() -> RuleFile {
    let mut catalogue = promtool::only(&promtool::shop(), "availability");
    let slo = &mut catalogue.slos[0];
    slo.window.duration = Period::days(3);
    slo.alert_policies.clear();
    slo.objectives.truncate(1);
    compile(&catalogue, Clock::Real).unwrap()
}

/// The recording rules with these names, as a rule file.
fn only(rules: &RuleFile, names: &[&str]) -> String {
    let mut rules = rules.clone();
    for group in &mut rules.groups {
        group.rules.retain(|rule| match &rule.name {
            Name::Record(name) => names.contains(&name.as_str()),
            Name::Alert(_) => false,
        });
    }
    let kept: usize = rules.groups.iter().map(|group| group.rules.len()).sum();
    assert_eq!(kept, names.len(), "{names:?}");
    rules.to_rules()
}

/// The three days, with everything recorded that the period is made of, and the period at their
/// end.
struct Days(Prometheus);

impl Days {
    fn recorded(good: f64, bad: f64) -> Self {
        let rules = rules();
        let mut prometheus = Prometheus::with(&traffic(good, bad));
        let samples = ["slo:sli_bad:rate5m", "slo:sli_total:rate5m", "slo:sli_error:ratio_rate5m"];
        prometheus.record(&only(&rules, &samples), START, END, "30s");
        prometheus.record(&only(&rules, &[PERIOD]), END - 60.0, END, "30s");
        Self(prometheus)
    }

    /// The one value at the end.
    fn value(&self, promql: &str) -> f64 {
        match self.0.values(promql, END)[..] {
            [value] => value,
            ref values => panic!("{promql}: {values:?}"),
        }
    }
}

#[test]
fn the_recorded_period_is_the_ratio_of_events_where_a_mean_of_ratios_is_ten_times_off() {
    let days = Days::recorded(1e6, 500.0);
    let (exact, weighted) = (days.value(EXACT), days.value(PERIOD));
    let unweighted = days.value("avg_over_time(slo:sli_error:ratio_rate5m[3d])");
    println!("exact {exact:.9}, weighted {weighted:.9}, mean of ratios {unweighted:.9}");
    assert!((weighted / exact - 1.0).abs() < 0.001, "{weighted} {exact}");
    assert!(unweighted / exact > 10.0, "{unweighted} {exact}");
}

/// `rate()` never extrapolates a counter below zero, so it sees the first errors of a counter that
/// stood at zero late: by less than half the time between two scrapes, each of the sixty of the
/// outage.
#[test]
fn the_first_errors_of_a_process_are_missed_for_less_than_half_a_scrape() {
    let days = Days::recorded(0.0, 0.0);
    let (exact, weighted) = (days.value(EXACT), days.value(PERIOD));
    println!("exact {exact:.9}, weighted {weighted:.9}");
    assert!((weighted / exact - 1.0).abs() < 0.5 / 60.0, "{weighted} {exact}");
}

#[test]
fn an_hour_without_traffic_leaves_no_number_that_is_none() {
    let days = Days::recorded(1e6, 500.0);
    let silence = START + (2.0 * 24.0 + 1.75) * 3600.0;
    let now = days.0.values("slo:sli_error:ratio_rate5m", silence);
    assert!(now.is_empty(), "no traffic is no sample: {now:?}");
    // One NaN would make the mean NaN, and so would it the sums of the period.
    let samples = days.value("count_over_time(slo:sli_error:ratio_rate5m[3d])");
    assert!(samples > 8000.0, "only {samples} samples of three days");
    let mean = days.value("avg_over_time(slo:sli_error:ratio_rate5m[3d])");
    let period = days.value(PERIOD);
    assert!(mean.is_finite() && period.is_finite(), "{mean} {period}");
}
