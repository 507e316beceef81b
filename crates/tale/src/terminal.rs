//! What people see of the program while it runs: lines, tables, colours; and how they stop it, or
//! let it go on.

mod interruptions;
mod keys;
mod output;
mod table;
mod ui;
mod width;

pub use interruptions::{Interruptions, interrupted};
pub use keys::need_keys;
pub use output::{note, print, told};
pub use table::Table;
pub use ui::{Live, Tone, Ui};
pub use width::{harmless, harmless_lines};
