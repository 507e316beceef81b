//! Text in aligned columns, as kubectl prints it, or as a table of Markdown.

use std::fmt;
use std::io::stdout;

use super::width::{columns, harmless, wide};

/// Blanks between columns.
const GAP: usize = 3;
/// The same where room is short.
const NARROW_GAP: usize = 2;
/// No cell is cut to less.
const LEAST: usize = 8;

/// Rows in columns as wide as their widest cell: words to the left, numbers to the right.
pub struct Table {
    /// For each column: does it hold numbers?
    numbers: Vec<bool>,
    /// The titles come first.
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table with these titles. One that starts with `>` (which is not printed) heads a column of
    /// numbers.
    pub fn new<const N: usize>(titles: [&str; N]) -> Self {
        Self {
            numbers: titles.map(|title| title.starts_with('>')).to_vec(),
            rows: vec![titles.map(|title| title.trim_start_matches('>').to_owned()).to_vec()],
        }
    }

    /// Adds a row, with a cell for every title.
    pub fn row<const N: usize>(&mut self, cells: [String; N]) {
        self.rows.push(cells.iter().map(|cell| harmless(cell)).collect());
    }

    /// Leaves a column out whose cells all say the same as `usual`.
    pub fn without_usual(mut self, title: &str, usual: &str) -> Self {
        let column = self.rows[0].iter().position(|cell| cell == title);
        let Some(column) = column.filter(|column| {
            self.rows.iter().skip(1).all(|row| row.get(*column).is_some_and(|cell| cell == usual))
        }) else {
            return self;
        };
        self.numbers.remove(column);
        for row in &mut self.rows {
            row.remove(column);
        }
        self
    }

    /// For the terminal behind standard output, or as it is for a pipe.
    pub fn for_people(&self) -> String {
        self.fitted(columns(&stdout()))
    }

    /// In at most so many columns: first the gaps get narrower, then the widest cells lose their
    /// middle.
    fn fitted(&self, most: Option<usize>) -> String {
        let mut widths: Vec<usize> = (0..self.numbers.len()).map(|at| self.width(at)).collect();
        let total = |widths: &[usize], gap| {
            widths.iter().sum::<usize>() + gap * widths.len().saturating_sub(1)
        };
        let most = most.unwrap_or(usize::MAX);
        if total(&widths, GAP) <= most {
            return self.lines(&widths, GAP);
        }
        while total(&widths, NARROW_GAP) > most {
            match widths.iter_mut().max().filter(|width| **width > LEAST) {
                Some(widest) => *widest -= 1,
                None => break,
            }
        }
        self.lines(&widths, NARROW_GAP)
    }

    fn lines(&self, widths: &[usize], gap: usize) -> String {
        let mut out = String::new();
        for row in &self.rows {
            let cells = row.iter().zip(&self.numbers).zip(widths);
            let cells: Vec<String> = cells
                .map(|((cell, number), width)| {
                    let cell = without_middle(cell, *width);
                    let pad = " ".repeat(width.saturating_sub(wide(&cell)));
                    if *number { pad + &cell } else { cell + &pad }
                })
                .collect();
            out.push_str(cells.join(&" ".repeat(gap)).trim_end());
            out.push('\n');
        }
        out
    }

    /// Whether there is nothing below the titles.
    pub fn is_empty(&self) -> bool {
        self.rows.len() < 2
    }

    /// The same as a table of Markdown.
    pub fn to_markdown(&self) -> String {
        let rule = |number: &bool| if *number { "---:" } else { "---" }.to_owned();
        let rules: Vec<String> = self.numbers.iter().map(rule).collect();
        let (titles, rows) = self.rows.split_at(1);
        let lines = titles.iter().chain([&rules]).chain(rows);
        lines
            .map(|cells| {
                // A bar would end the cell.
                let cells: Vec<String> =
                    cells.iter().map(|cell| cell.replace('|', "\\|")).collect();
                format!("| {} |\n", cells.join(" | "))
            })
            .collect()
    }

    fn width(&self, column: usize) -> usize {
        let cells = self.rows.iter().filter_map(|row| row.get(column));
        cells.map(|cell| wide(cell)).max().unwrap_or(0)
    }
}

impl fmt::Display for Table {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.fitted(None))
    }
}

/// A cell in so many columns: names of pods differ at both ends.
fn without_middle(cell: &str, columns: usize) -> String {
    if wide(cell) <= columns {
        return cell.to_owned();
    }
    let letters: Vec<char> = cell.chars().collect();
    let kept = columns.saturating_sub(1);
    let (head, tail) = (kept.div_ceil(2), kept / 2);
    let head = letters.iter().take(head);
    let tail = letters.iter().skip(letters.len().saturating_sub(tail));
    head.chain(['…'].iter()).chain(tail).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell_and_lines_end_in_no_blank() {
        let mut table = Table::new(["NAME", "UP"]);
        assert!(table.is_empty());
        table.row(["a-long-name".to_owned(), "1".to_owned()]);
        assert_eq!(table.to_string(), "NAME          UP\na-long-name   1\n");
    }

    #[test]
    fn numbers_stand_to_the_right_and_words_to_the_left() {
        let mut table = Table::new(["NAME", ">N"]);
        table.row(["a|b".to_owned(), "1".to_owned()]);
        table.row(["c".to_owned(), "100".to_owned()]);
        assert_eq!(table.to_string(), "NAME     N\na|b      1\nc      100\n");
        assert_eq!(
            table.to_markdown(),
            "| NAME | N |\n| --- | ---: |\n| a\\|b | 1 |\n| c | 100 |\n"
        );
    }

    #[test]
    fn a_table_fits_into_its_terminal_and_names_keep_both_ends() {
        let mut table = Table::new(["NAMESPACE", "POD", ">RSS"]);
        table.row([
            "default".to_owned(),
            "dns-leaker-o11y-7d9c4f-x2v8k".to_owned(),
            "9".to_owned(),
        ]);
        let fitted = table.fitted(Some(30));
        assert!(fitted.lines().all(|line| wide(line) <= 30), "{fitted}");
        assert!(fitted.contains("dns-leake…-x2v8k") || fitted.contains("…"), "{fitted}");
        let usual = table.without_usual("NAMESPACE", "default");
        assert_eq!(
            usual.to_string(),
            "POD                            RSS\ndns-leaker-o11y-7d9c4f-x2v8k     9\n"
        );
    }

    #[test]
    fn a_cell_from_outside_does_nothing_to_the_terminal() {
        let mut table = Table::new(["NAME"]);
        table.row(["\x1b[2Ja\nb".to_owned()]);
        assert_eq!(table.to_string(), "NAME\n\\u{1b}[2Ja b\n");
    }
}
