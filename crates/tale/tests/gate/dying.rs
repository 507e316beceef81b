//! A Prometheus that dies while fifty objectives are judged.

use std::sync::Mutex;

use crate::fake::{Fake, Reply, evidence};
use crate::gate;
use crate::objectives::{Files, answers};
use crate::real::Real;

const OBJECTIVES: usize = 50;
/// So many are answered.
const ALIVE: usize = 20;

/// All are told, the answered ones with their value and the others with the reason; nothing is
/// asked twice.
fn check(said: crate::Said, fake: &Fake) {
    let verdict = said.expect(2).json();
    assert_eq!(verdict["outcome"], "inconclusive");
    let objectives = verdict["objectives"].as_array().unwrap();
    assert_eq!(objectives.len(), OBJECTIVES);
    assert!(objectives.iter().all(|one| !one["reason"].as_str().unwrap().is_empty()));
    let of = |outcome: &str| objectives.iter().filter(|one| one["outcome"] == outcome).count();
    // What was under way when it died may have come through or not.
    assert!((1..OBJECTIVES).contains(&of("pass")), "{} passed", of("pass"));
    assert_eq!(of("pass") + of("inconclusive"), OBJECTIVES);
    assert!(fake.asked("query").len() <= OBJECTIVES);
}

#[tokio::test]
async fn every_objective_is_listed_with_its_reason_and_none_is_asked_twice() {
    let fake = Fake::start(|number, _| {
        if number <= ALIVE { Reply::Body(200, evidence("0", "10000")) } else { Reply::Close }
    })
    .await;
    let files = Files::of(&[("slo.yaml", answers("shop", OBJECTIVES))]);
    let slo = files.path("slo.yaml");
    let said = gate(&[&slo, "--prometheus", &fake.url, "--format", "json"]).await;
    check(said, &fake);
}

#[tokio::test]
async fn a_real_one_that_is_killed_half_way_leaves_no_verdict() {
    let real = Real::start().await;
    let (address, end) = (real.address(), real.end(3));
    let killer = Mutex::new(real.killer());
    let fake = Fake::start(move |number, _| {
        if number == ALIVE {
            killer.lock().unwrap().kill();
        }
        Reply::Forward(address)
    })
    .await;
    let files = Files::of(&[("slo.yaml", answers("good", OBJECTIVES))]);
    let slo = files.path("slo.yaml");
    let window = ["--clock", "real", "--last", "10m", "--to", &end];
    let args = [&[&slo, "--prometheus", &fake.url, "--format", "json"][..], &window].concat();
    check(gate(&args).await, &fake);
    assert!(real.has_died().await);
}
