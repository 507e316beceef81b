//! The convention that most files in the field follow, `sum(rate(x[5m]))`, turned into the one that
//! has a place for the window. Only when asked for: the author may have meant the five minutes.

use super::Catalogue;
use crate::promql::rewritten;

impl Catalogue {
    /// Puts `{{.window}}` in place of the literal ranges in good, bad and total events, and says of
    /// each query what was done. Queries that have a place for the window, subqueries, thresholds
    /// and raw ratios stay as they are.
    pub fn rewrite_ranges(&mut self) -> Vec<String> {
        let mut done = Vec::new();
        for slo in &mut self.slos {
            let place = format!("{}: SLO/{}", slo.metadata.file, slo.metadata.name);
            for objective in &mut slo.objectives {
                let metric = &mut objective.indicator.metric;
                if !metric.has_events() {
                    continue;
                }
                for (part, query) in metric.parts_mut() {
                    let Some((text, ranges)) = rewritten(&query.text) else {
                        continue;
                    };
                    query.text = text;
                    let ranges = ranges.join(" and ");
                    done.push(format!("{place}: {part}: {ranges} became [{{{{.window}}}}]"));
                }
            }
        }
        // Objectives share an indicator.
        done.dedup();
        let mut seen = std::collections::BTreeSet::new();
        done.retain(|line| seen.insert(line.clone()));
        done
    }
}
