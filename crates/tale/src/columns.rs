//! Text in aligned columns, as kubectl prints it.

use std::fmt;

/// Blanks between columns.
const GAP: usize = 3;

/// Rows in columns as wide as their widest cell.
pub struct Columns(Vec<Vec<String>>);

impl Columns {
    /// A table with these titles.
    pub fn new<const N: usize>(titles: [&str; N]) -> Self {
        Self(vec![titles.map(str::to_owned).to_vec()])
    }

    /// Adds a row, with a cell for every title.
    pub fn row<const N: usize>(&mut self, cells: [String; N]) {
        self.0.push(cells.to_vec());
    }

    /// Whether there is nothing below the titles.
    pub fn is_empty(&self) -> bool {
        self.0.len() < 2
    }
}

impl fmt::Display for Columns {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = |column: usize| {
            let cells = self.0.iter().filter_map(|row| row.get(column));
            cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
        };
        for row in &self.0 {
            let cells = row.iter().enumerate();
            let line: String = cells
                .map(|(column, cell)| format!("{cell:<width$}", width = width(column) + GAP))
                .collect();
            writeln!(out, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell_and_lines_end_in_no_blank() {
        let mut table = Columns::new(["NAME", "UP"]);
        assert!(table.is_empty());
        table.row(["a-long-name".to_owned(), "1".to_owned()]);
        assert_eq!(table.to_string(), "NAME          UP\na-long-name   1\n");
    }
}
