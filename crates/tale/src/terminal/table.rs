//! Text in aligned columns, as kubectl prints it, or as a table of Markdown.

use std::fmt;

/// Blanks between columns.
const GAP: &str = "   ";

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
        self.rows.push(cells.to_vec());
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
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    }
}

impl fmt::Display for Table {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for row in &self.rows {
            let cells = row.iter().zip(&self.numbers).enumerate();
            let cells: Vec<String> = cells
                .map(|(column, (cell, number))| {
                    let width = self.width(column);
                    if *number { format!("{cell:>width$}") } else { format!("{cell:<width$}") }
                })
                .collect();
            writeln!(out, "{}", cells.join(GAP).trim_end())?;
        }
        Ok(())
    }
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
}
