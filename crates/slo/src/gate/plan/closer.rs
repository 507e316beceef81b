//! A second look: where samples are closer than the looks of the first plan, some of them were not
//! seen, and the share of bad ones is anybody's guess.

use super::check;
use crate::gate::Sample;
use crate::gate::answer::{Answer, part};
use crate::gate::check::{Check, Plan};
use crate::gate::expressions::MOST_LOOKS;
use crate::period::Period;

/// Paces at which people scrape, in seconds.
const PACES: [u64; 7] = [1, 2, 5, 10, 15, 20, 30];

impl Plan {
    /// The plan that looks at every sample, and the numbers of the checks that have to be asked
    /// again; `None` if all samples were seen. Where there are too many to look at, the plan stays
    /// as it is and the judgement says so.
    pub fn closer(&self, answers: &[Answer]) -> Option<(Self, Vec<usize>)> {
        let mut plan = self.clone();
        let mut again = Vec::new();
        for (index, (check, answer)) in self.checks.iter().zip(answers).enumerate() {
            if let Some(closer) = answer.as_ref().ok().and_then(|samples| look(check, samples)) {
                plan.checks[index] = Check { since: check.since.clone(), ..closer };
                again.push(index);
            }
        }
        (!again.is_empty()).then_some((plan, again))
    }
}

fn look(check: &Check, samples: &[Sample]) -> Option<Check> {
    let looks = check.looks.as_ref()?;
    let spacing = part(samples, "spacing").filter(|spacing| *spacing > 0.0)?;
    let pace = PACES.into_iter().rev().find(|pace| *pace as f64 <= 1.1 * spacing)?;
    let step = Period::seconds(pace);
    let few = looks.again.window.as_millis() / step.as_millis() <= MOST_LOOKS;
    let closer = step < looks.step && few;
    closer.then(|| self::check(looks.again.clone(), Some(step)).ok())?
}
