//! One experiment: a spec and its kind, with the rules and lints that all kinds share.

use std::sync::Arc;

use serde_json::Value;

use crate::fault::LONGEST_FAULT;
use crate::fields::duration::GoDuration;
use crate::fields::mode::Mode;
use crate::fields::old;
use crate::fields::problem::Problem;
use crate::fields::read::extend;
use crate::kind::{Chaos, Common, Kind, OtherEnd};

/// An experiment that was read and checked.
#[derive(Clone, Debug)]
pub struct Experiment {
    /// Its kind.
    pub kind: &'static Kind,
    /// Its spec.
    pub chaos: Arc<dyn Chaos>,
}

/// The remedy for a fault beyond [`LONGEST_FAULT`].
pub(crate) const TOO_LONG: &str =
    "this stage ends every fault after 24 hours; write 24h or less, or a Schedule of shorter ones";

/// Is this beyond [`LONGEST_FAULT`]?
pub(crate) fn is_too_long(duration: GoDuration) -> bool {
    i128::from(duration.as_nanos()) > LONGEST_FAULT.as_nanos().cast_signed()
}

impl Experiment {
    /// Reads and checks a spec; all that is wrong goes to `problems`, with paths below `parent`.
    pub(crate) fn parse(
        kind: &'static Kind,
        spec: &Value,
        parent: &str,
        problems: &mut Vec<Problem>,
    ) -> Option<Self> {
        let chaos = (kind.parse)(&old::without(spec, parent, problems), parent, problems)?;
        let mut own = Vec::new();
        chaos.common().check(&mut own);
        if let Some(other) = chaos.other_end() {
            other.check(&mut own);
        }
        chaos.check(&mut own);
        extend(problems, own, parent);
        Some(Self { kind, chaos })
    }

    /// What this stage refuses, with paths in the spec: fields that Chaos Mesh obeys and a local
    /// stage cannot obey, or patterns that cannot work.
    #[must_use]
    pub fn refusals(&self) -> Vec<Problem> {
        let chaos = self.chaos.as_ref();
        let mut refusals = chaos.common().refusals();
        refusals.extend(chaos.other_end().iter().flat_map(OtherEnd::refusals));
        refusals.extend(chaos.fault().err());
        let duration = chaos.common().parsed_duration();
        if !chaos.one_shot() && duration.is_some_and(is_too_long) {
            refusals.push(Problem::new("duration", TOO_LONG));
        }
        refusals
    }

    /// What is allowed but unlikely to be meant, with paths in the spec. `default_maximum` is what
    /// ends an experiment without a duration on this stage.
    pub(crate) fn lints(&self, default_maximum: GoDuration) -> Vec<Problem> {
        let mut lints = Vec::new();
        if !self.chaos.one_shot() && self.chaos.common().parsed_duration().is_none() {
            lints.push(Problem::new(
                "duration",
                format!("omitted: Chaos Mesh would run until somebody deletes the object; this stage stops after {default_maximum}"),
            ));
        }
        lints.extend(self.embedded_lints());
        lints
    }

    /// The lints of an experiment that a Workflow ends, so that it needs no duration.
    pub(crate) fn embedded_lints(&self) -> Vec<Problem> {
        let mut lints = Vec::new();
        common_lints(&self.chaos.common(), self.chaos.one_shot(), &mut lints);
        self.chaos.lints(&mut lints);
        lints
    }
}

fn common_lints(common: &Common<'_>, one_shot: bool, lints: &mut Vec<Problem>) {
    let negative = common.parsed_duration().is_some_and(|duration| duration.as_nanos() <= 0);
    if !one_shot && negative {
        lints.push(Problem::new(
            "duration",
            "not above 0, so the experiment is over before it starts",
        ));
    }
    if !common.value.is_empty() && matches!(common.mode, Mode::One | Mode::All) {
        lints.push(Problem::new("value", "modes one and all do not read it; remove it"));
    }
    if common.mode == Mode::RandomMaxPercent {
        lints.push(Problem::new(
            "mode",
            "random-max-percent may draw 0 percent, and then fails because nothing is selected",
        ));
    }
    for field in common.selector.hidden() {
        lints.push(Problem::new(
            field,
            "`pods` names the pods, so every other selector is ignored; remove the others",
        ));
    }
}
