//! Text for the command line, in the form kubectl gives it.

mod describe;
mod dry_run;
mod get;
mod table;

pub use describe::describe;
pub use dry_run::dry_run;
pub use get::get;

#[cfg(test)]
mod tests;
