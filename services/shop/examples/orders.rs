//! The `orders` of this shop's tests: cargo builds examples before it runs the tests of the same
//! package.

use std::process::ExitCode;

fn main() -> ExitCode {
    instrument::run("orders", orders::build)
}
