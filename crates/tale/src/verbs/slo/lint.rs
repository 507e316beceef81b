//! `tale slo lint`: what is wrong with objectives, and what probably is; with a Prometheus, also
//! what only Prometheus knows.

mod asked;

use anyhow::{Result, bail};
use keptn::{Kind, kind};
use slo::{Catalogue, Problem, Severity};

use super::past::period;
use crate::cli::Lint;
use crate::terminal::note;
use crate::verbs::ask;
use crate::yaml::read_yaml;

/// Every finding in a line. Exit code 1 if one of them is an error.
pub(super) async fn run(args: &Lint) -> Result<(String, u8)> {
    let here = std::env::current_dir()?;
    let (mut openslo, mut slos, mut slis) = (Vec::new(), Vec::new(), Vec::new());
    for file in read_yaml(&here, &args.files)? {
        match kind(&file.1) {
            Some(Kind::Slo) => slos.push(file),
            Some(Kind::Sli) => slis.push(file),
            None => openslo.push(file),
        }
    }
    let of_keptn = slos.len() + slis.len();
    let mut problems = keptn_files(&slos, &slis)?;
    if !openslo.is_empty() || of_keptn == 0 {
        problems.extend(openslo_files(args, &openslo).await?);
    }
    let refused = problems.iter().any(|problem| problem.severity == Severity::Error);
    let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
    let text = if lines.is_empty() { "nothing to say".to_owned() } else { lines.join("\n") };
    Ok((text, u8::from(refused)))
}

async fn openslo_files(args: &Lint, files: &[(String, String)]) -> Result<Vec<Problem>> {
    let mut catalogue = match Catalogue::load(files) {
        Err(problems) => return Ok(problems),
        Ok(catalogue) => catalogue,
    };
    if args.rewrite_ranges {
        catalogue.rewrite_ranges().iter().for_each(|line| note(line));
    }
    let mut problems = slo::lint(&catalogue);
    if let Some(prometheus) = ask::named(&args.server)? {
        let last = period("--last", &args.last)?;
        problems.extend(asked::problems(&catalogue, &prometheus, last).await?);
    }
    Ok(problems)
}

/// What is wrong with Keptn's files, one of each kind at most.
fn keptn_files(slos: &[(String, String)], slis: &[(String, String)]) -> Result<Vec<Problem>> {
    for files in [slos, slis] {
        if let [first, second, ..] = files {
            bail!("{} and {} are both the same file of Keptn; name one", first.0, second.0);
        }
    }
    let mut found = Vec::new();
    let slo = slos.first().map(|(file, text)| keptn::Slo::load(file, text));
    let sli = slis.first().map(|(file, text)| keptn::Sli::load(file, text));
    let slo = slo.and_then(|slo| slo.map_err(|problems| found.extend(problems)).ok());
    let sli = sli.and_then(|sli| sli.map_err(|problems| found.extend(problems)).ok());
    found.extend(keptn::lint(slo.as_ref(), sli.as_ref()));
    Ok(found)
}
