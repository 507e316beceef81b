//! Objectives against evaluations: which held when, with the value beside its limit in each cell.
//! Keptn's bridge drew such a heat map; here words and signs say what colours say.

use super::markdown::{escape, sign};
use crate::gate::earlier::{Cell, EarlierResult};
use crate::gate::numbers::{percent, short};
use crate::gate::verdict::{Outcome, Verdict};

/// A table of outcomes.
#[derive(Debug, Clone, PartialEq)]
pub struct HeatMap {
    /// When each evaluation's window ended, oldest first; this one is the last.
    pub ends: Vec<String>,
    /// Its overall outcome.
    pub outcomes: Vec<Outcome>,
    /// Objective ids, and what each got in each evaluation; `None` if it was not asked.
    pub rows: Vec<(String, Vec<Option<Cell>>)>,
}

/// Evaluations that a table of Markdown has room for, and a page.
const IN_MARKDOWN: usize = 8;
pub(super) const ON_A_PAGE: usize = 30;

/// The heat map of earlier results, oldest first, each with the end of its window, and of the
/// verdict at `end`. The rows are the objectives of the verdict, and those that only earlier ones
/// had.
pub fn heat_map(earlier: &[(String, EarlierResult)], verdict: &Verdict, end: &str) -> HeatMap {
    let now: Vec<Cell> = verdict
        .objectives
        .iter()
        .map(|judgement| Cell {
            id: judgement.id.clone(),
            outcome: judgement.outcome,
            observed: judgement.observed,
            target: judgement.target,
            ratio: judgement.ratio,
        })
        .collect();
    let mut ids: Vec<String> = now.iter().map(|cell| cell.id.clone()).collect();
    let known = earlier.iter().flat_map(|(_, result)| &result.cells);
    for cell in known {
        if !ids.contains(&cell.id) {
            ids.push(cell.id.clone());
        }
    }
    let find = |cells: &[Cell], id: &str| cells.iter().find(|cell| cell.id == id).cloned();
    let rows = ids.into_iter().map(|id| {
        let mut cells: Vec<_> =
            earlier.iter().map(|(_, result)| find(&result.cells, &id)).collect();
        cells.push(find(&now, &id));
        (id, cells)
    });
    let ends = earlier.iter().map(|(end, _)| end.clone()).chain([end.to_owned()]);
    let outcomes = earlier.iter().map(|(_, result)| result.outcome).chain([verdict.outcome]);
    HeatMap { ends: ends.collect(), outcomes: outcomes.collect(), rows: rows.collect() }
}

impl HeatMap {
    /// The latest evaluations.
    pub(super) fn latest(&self, most: usize) -> Self {
        let skip = self.ends.len().saturating_sub(most);
        Self {
            ends: self.ends[skip..].to_vec(),
            outcomes: self.outcomes[skip..].to_vec(),
            rows: self
                .rows
                .iter()
                .map(|(id, cells)| (id.clone(), cells[skip..].to_vec()))
                .collect(),
        }
    }

    /// A table of the latest evaluations, to stand below a verdict.
    pub fn to_markdown(&self) -> String {
        let map = self.latest(IN_MARKDOWN);
        let head: Vec<String> = map.ends.iter().map(|end| escape(&moment(end))).collect();
        let mut text = format!(
            "\n### History\n\n| objective | {} |\n| --- |{}\n",
            head.join(" | "),
            " --- |".repeat(head.len())
        );
        let all =
            map.outcomes.iter().map(|outcome| format!("{} {}", sign(*outcome), outcome.word()));
        text.push_str(&format!("| **all** | {} |\n", all.collect::<Vec<_>>().join(" | ")));
        for (id, cells) in &map.rows {
            let cells: Vec<String> = cells
                .iter()
                .map(|cell| match cell {
                    None => "-".to_owned(),
                    Some(cell) => {
                        let words = format!("{} {}", sign(cell.outcome), cell.outcome.word());
                        format!("{words}<br>{}", escape(&numbers(cell)))
                    }
                })
                .collect();
            text.push_str(&format!("| {} | {} |\n", escape(id), cells.join(" | ")));
        }
        if self.ends.len() > map.ends.len() {
            text.push_str(&format!("\nThe latest {} of {}.\n", map.ends.len(), self.ends.len()));
        }
        text
    }
}

/// `99.95 % of 99.9 %`: the value beside its limit.
pub(super) fn numbers(cell: &Cell) -> String {
    let number = |value: f64| if cell.ratio { percent(value) } else { short(value) };
    match (cell.observed, cell.target) {
        (Some(observed), Some(target)) => format!("{}, limit {}", number(observed), number(target)),
        (Some(observed), None) => number(observed),
        (None, Some(target)) => format!("no value, limit {}", number(target)),
        (None, None) => "no value".to_owned(),
    }
}

/// `2026-11-28 12:00`, of RFC 3339.
pub(super) fn moment(end: &str) -> String {
    match end.get(..16) {
        Some(minute) if end.as_bytes().get(10) == Some(&b'T') => minute.replace('T', " "),
        _ => end.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gate::tests::memory;

    fn earlier(number: usize, bad: f64) -> (String, EarlierResult) {
        let verdict = memory(bad, 60.0, Some(10_500_000.0));
        let result = EarlierResult::from_json(&verdict.to_json()).unwrap();
        (format!("2026-11-{number:02}T12:00:00Z"), result)
    }

    #[test]
    fn each_cell_says_in_words_what_held_with_the_value_beside_its_limit() {
        let past: Vec<_> =
            (1..=10).map(|day| earlier(day, if day == 9 { 10.0 } else { 0.0 })).collect();
        let verdict = memory(0.0, 60.0, Some(10_500_000.0));
        let map = heat_map(&past, &verdict, "2026-11-11T12:00:00Z");
        assert_eq!((map.ends.len(), map.rows.len()), (11, 2));
        let table = map.to_markdown();
        assert!(
            table.contains("| 2026-11-09 12:00 | 2026-11-10 12:00 | 2026-11-11 12:00 |"),
            "{table}"
        );
        assert!(table.contains("❌ fail<br>83.333 %, limit 99 %"), "{table}");
        assert!(table.contains("✅ pass<br>100 %, limit 99 %"), "{table}");
        assert!(table.contains("11 M, limit 11.55 M"), "{table}");
        assert!(table.contains("The latest 8 of 11.") && !table.contains("11-03"), "{table}");
        let columns: Vec<usize> = table
            .lines()
            .filter(|line| line.starts_with('|'))
            .map(|line| line.matches('|').count())
            .collect();
        assert!(columns.iter().all(|count| *count == 10), "{columns:?}");
    }

    #[test]
    fn an_objective_that_was_not_asked_then_has_no_cell() {
        let mut past = vec![earlier(1, 0.0)];
        past[0].1.cells.remove(0);
        let verdict = memory(0.0, 60.0, None);
        let map = heat_map(&past, &verdict, "2026-11-11T12:00:00Z");
        assert_eq!(map.rows[0].1[0], None);
        assert!(map.to_markdown().contains("| - | "), "{}", map.to_markdown());
    }
}
