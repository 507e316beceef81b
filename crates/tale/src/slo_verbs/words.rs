//! Numbers and tables of the statistics, as people read them.

use serde_json::Value;

/// A length of time, in the unit that fits.
pub(super) fn duration(seconds: f64) -> String {
    match seconds {
        s if s < 120.0 => format!("{s:.0} s"),
        s if s < 7_200.0 => format!("{:.0} min", s / 60.0),
        s if s < 172_800.0 => format!("{:.1} h", s / 3_600.0),
        s => format!("{:.1} d", s / 86_400.0),
    }
}

/// A p-value; one of zero does not exist.
pub(super) fn p(value: f64) -> String {
    if value < 1e-4 { "< 0.0001".to_owned() } else { format!("{value:.4}") }
}

/// A moment of UTC, to the second.
pub(super) fn moment(seconds: f64) -> String {
    jiff::Timestamp::from_second(seconds.round() as i64)
        .map_or_else(|_| seconds.to_string(), |time| time.to_string())
}

/// Rows under titles, words to the left and numbers to the right.
pub(super) struct Table {
    /// Those that start with `>` head numbers.
    titles: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A title that starts with `>` heads a column of numbers.
    pub(super) fn new(titles: &[&str]) -> Self {
        Self { titles: titles.iter().map(|title| (*title).to_owned()).collect(), rows: Vec::new() }
    }

    pub(super) fn row(&mut self, cells: Vec<String>) {
        self.rows.push(cells);
    }

    pub(super) fn to_text(&self) -> String {
        let titles = self.titles.iter().map(|title| title.trim_start_matches('>').to_owned());
        let lines: Vec<Vec<String>> =
            std::iter::once(titles.collect()).chain(self.rows.iter().cloned()).collect();
        let width = |column: usize| {
            let cells = lines.iter().filter_map(|line| line.get(column));
            cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
        };
        let mut text = String::new();
        for line in &lines {
            let cells = line.iter().enumerate().map(|(column, cell)| {
                let width = width(column);
                if self.titles[column].starts_with('>') {
                    format!("{cell:>width$}")
                } else {
                    format!("{cell:<width$}")
                }
            });
            let cells: Vec<String> = cells.collect();
            text.push_str(cells.join("   ").trim_end());
            text.push('\n');
        }
        text
    }

    pub(super) fn to_markdown(&self) -> String {
        let line = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
        let titles = self.titles.iter().map(|title| title.trim_start_matches('>').to_owned());
        let rules = self.titles.iter().map(|title| {
            let rule = if title.starts_with('>') { "---:" } else { "---" };
            rule.to_owned()
        });
        let mut text = line(titles.collect()) + &line(rules.collect());
        for row in &self.rows {
            // A bar would end the cell.
            text.push_str(&line(row.iter().map(|cell| cell.replace('|', "\\|")).collect()));
        }
        text
    }
}

/// JSON for people who look at it, too.
pub(super) fn json(value: &Value) -> String {
    format!("{value:#}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_stand_to_the_right_and_words_to_the_left() {
        let mut table = Table::new(&["NAME", ">N"]);
        table.row(vec!["a|b".to_owned(), "1".to_owned()]);
        table.row(vec!["c".to_owned(), "100".to_owned()]);
        assert_eq!(table.to_text(), "NAME     N\na|b      1\nc      100\n");
        assert_eq!(
            table.to_markdown(),
            "| NAME | N |\n| --- | ---: |\n| a\\|b | 1 |\n| c | 100 |\n"
        );
    }

    #[test]
    fn time_is_told_in_the_unit_that_fits() {
        let told = [95.0, 720.0, 18_720.0, 267_840.0].map(duration);
        assert_eq!(told, ["95 s", "12 min", "5.2 h", "3.1 d"]);
        assert_eq!(moment(1_735_689_600.0), "2025-01-01T00:00:00Z");
    }
}
