//! Prints the rules of the OpenSLO files named on the command line; `stage` as first argument
//! divides time by 60.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "an example talks to its user")]

use slo::{Catalogue, Clock, compile};

fn main() -> Result<(), std::io::Error> {
    let mut arguments: Vec<String> = std::env::args().skip(1).collect();
    let clock = if arguments.first().is_some_and(|first| first == "stage") {
        arguments.remove(0);
        Clock::Stage
    } else {
        Clock::Real
    };
    let files: Vec<_> = arguments
        .into_iter()
        .map(|path| std::fs::read_to_string(&path).map(|text| (path, text)))
        .collect::<Result<_, _>>()?;
    let rules = Catalogue::load(&files).and_then(|catalogue| compile(&catalogue, clock));
    match rules {
        Ok(rules) => print!("{}", rules.to_rules()),
        Err(problems) => problems.iter().for_each(|problem| eprintln!("{problem}")),
    }
    Ok(())
}
