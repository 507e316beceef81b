//! A Prometheus that dies while fifty objectives are judged.

use rustix::process::Signal;
use testkit::processes;
use testkit::program::Ended;

use super::real::Real;
use super::{FakePrometheus, Files, Reply, answers, evidence, gate};

const OBJECTIVES: usize = 50;
/// This many queries are answered.
const ALIVE: usize = 20;

/// All are in the verdict, the answered ones with their value and the others with the reason;
/// nothing is queried twice.
fn check(ended: Ended, fake: &FakePrometheus) {
    let verdict = ended.expect_code(2).json();
    assert_eq!(verdict["outcome"], "inconclusive");
    let objectives = verdict["objectives"].as_array().unwrap();
    assert_eq!(objectives.len(), OBJECTIVES);
    assert!(objectives.iter().all(|objective| !objective["reason"].as_str().unwrap().is_empty()));
    let count = |outcome: &str| {
        objectives.iter().filter(|objective| objective["outcome"] == outcome).count()
    };
    // What was under way when it died may have come through or not.
    assert!((1..OBJECTIVES).contains(&count("pass")), "{} passed", count("pass"));
    assert_eq!(count("pass") + count("inconclusive"), OBJECTIVES);
    assert!(fake.requests("query").len() <= OBJECTIVES);
}

#[tokio::test]
async fn every_objective_is_listed_with_its_reason_and_none_is_queried_twice() {
    let fake = FakePrometheus::start(|number, _| {
        if number <= ALIVE { Reply::Body(200, evidence("0", "10000")) } else { Reply::Close }
    })
    .await;
    let files = Files::of(&[("slo.yaml", answers("shop", OBJECTIVES))]);
    let slo = files.path("slo.yaml");
    let ended = gate(&[&slo, "--prometheus", &fake.url, "--format", "json"]).await;
    check(ended, &fake);
}

#[tokio::test]
async fn a_real_prometheus_killed_half_way_is_inconclusive() {
    let real = Real::start().await;
    let (address, pid, end) = (real.address(), real.pid(), real.end(3));
    let fake = FakePrometheus::start(move |number, _| {
        if number == ALIVE {
            processes::signal(pid, Signal::KILL);
        }
        Reply::Forward(address)
    })
    .await;
    let files = Files::of(&[("slo.yaml", answers("good", OBJECTIVES))]);
    let slo = files.path("slo.yaml");
    let window = ["--clock", "real", "--last", "10m", "--to", &end];
    let args = [&[&slo, "--prometheus", &fake.url, "--format", "json"][..], &window].concat();
    check(gate(&args).await, &fake);
    real.has_died().await;
}
