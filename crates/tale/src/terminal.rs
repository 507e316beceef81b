//! What people see of the program while it runs: lines, tables, colours; and how they stop it.

mod interruptions;
mod output;
mod table;
mod ui;

pub use interruptions::{Interruptions, interrupted};
pub use output::{note, print};
pub use table::Table;
pub use ui::{Live, Ui};
