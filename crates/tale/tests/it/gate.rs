//! `tale gate` as a pipeline runs it: against nobody, against a Prometheus that misbehaves, and
//! against a real one.

mod arguments;
mod dying;
mod files;
mod history;
mod kinds;
mod misbehaving;
mod page;
mod real;
mod real_judged;
mod real_keptn;
mod secrets;
mod sparkline;
mod unreachable;

use testkit::program::Ended;

use crate::fake_prometheus::{FakePrometheus, Reply};
use files::{Files, answers};

/// Runs `tale gate` in the project's folder.
async fn gate(args: &[&str]) -> Ended {
    crate::tale(&[&["gate"], args].concat()).await
}

/// The evidence of an objective, as Prometheus would put it.
fn evidence(bad: &str, total: &str) -> String {
    let part = |name: &str, value: &str| {
        format!(r#"{{"metric":{{"gate_part":"{name}"}},"value":[1652952600,"{value}"]}}"#)
    };
    let parts = [part("bad", bad), part("total", total), part("points", "1000"), part("age", "1")];
    format!(
        r#"{{"status":"success","data":{{"resultType":"vector","result":[{}]}}}}"#,
        parts.join(",")
    )
}
