//! Which steps lead to which: a workflow must not lead back to itself, nor grow without bounds.

use super::Workflow;
use crate::fields::problem::Problem;

/// Most steps that a workflow may take: a step that several others lead to is taken several times.
const MAX_STEPS: usize = 1_000;

impl Workflow {
    /// Loops and endless growth, which Chaos Mesh does not look for.
    pub(super) fn shape_refusals(&self, parent: &str) -> Vec<Problem> {
        let field = format!("{parent}.templates");
        match self.steps() {
            None => vec![Problem::new(
                field,
                "a step leads back to itself, so the workflow would never end; break the loop",
            )],
            Some(steps) if steps > MAX_STEPS => vec![Problem::new(
                field,
                format!("the workflow has more than {MAX_STEPS} steps; split it"),
            )],
            Some(_) => Vec::new(),
        }
    }

    /// Which templates the entry leads to.
    pub(super) fn reached(&self) -> Vec<bool> {
        let mut reached = vec![false; self.templates.len()];
        let mut next = vec![self.entry];
        while let Some(index) = next.pop() {
            if !std::mem::replace(&mut reached[index], true) {
                next.extend(self.templates[index].children());
            }
        }
        reached
    }

    /// How many steps are taken, at most `usize::MAX`; `None` when a step leads back to itself.
    fn steps(&self) -> Option<usize> {
        let mut counts = vec![Count::Unknown; self.templates.len()];
        self.count(self.entry, &mut counts)
    }

    fn count(&self, index: usize, counts: &mut [Count]) -> Option<usize> {
        match counts[index] {
            Count::Known(steps) => return Some(steps),
            Count::UnderWay => return None,
            Count::Unknown => counts[index] = Count::UnderWay,
        }
        let mut steps: usize = 1;
        for child in self.templates[index].children() {
            steps = steps.saturating_add(self.count(*child, counts)?);
        }
        counts[index] = Count::Known(steps);
        Some(steps)
    }
}

#[derive(Clone, Copy)]
enum Count {
    Unknown,
    UnderWay,
    Known(usize),
}
