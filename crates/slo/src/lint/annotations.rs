//! Annotations that this project reads: a typo in one would silently do nothing.

use crate::clock::Clock;
use crate::gate::plan_annotations;
use crate::nearest::nearest;
use crate::openslo::model::Slo;
use crate::period::Period;
use crate::problem::Problem;

const PREFIX: &str = "tales.dev/";
/// Read here, or written by `tale slo suggest`.
const KNOWN: [&str; 8] = [
    "tales.dev/caution",
    "tales.dev/evidence",
    "tales.dev/gate-criterion",
    "tales.dev/gate-query",
    "tales.dev/history",
    "tales.dev/least-bad-events",
    "tales.dev/method",
    "tales.dev/runbook-url",
];

pub(super) fn check(slo: &Slo, found: &mut Vec<Problem>) {
    let unknown = slo
        .metadata
        .annotations
        .keys()
        .filter(|key| key.starts_with(PREFIX) && !KNOWN.contains(&key.as_str()));
    for key in unknown {
        let remedy = match nearest(key, KNOWN) {
            Some(known) => format!("write {known}"),
            None => format!("remove it; there are {}", KNOWN.join(", ")),
        };
        found.push(Problem::warning(
            &slo.metadata.file,
            format!("SLO/{}: metadata.annotations.{key}", slo.metadata.name),
            "nobody reads this annotation",
            remedy,
        ));
    }
    // The gate's query and criterion: what the gate would refuse.
    found.extend(plan_annotations(slo, Period::minutes(5), Clock::Real).err());
}
