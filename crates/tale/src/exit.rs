//! Exit codes, the same for every verb.

/// Promises kept, objectives met, done.
pub const KEPT: u8 = 0;
/// A promise is broken, an objective missed, a file wrong.
pub const BROKEN: u8 = 1;
/// Nobody can judge: usage, no data, a tool that is missing.
pub const UNDECIDED: u8 = 2;
/// Stopped by Ctrl-C: 128 and the number of SIGINT, as shells count.
pub const INTERRUPTED: u8 = 130;
