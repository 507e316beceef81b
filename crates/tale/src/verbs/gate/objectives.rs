//! The files that the gate is given: OpenSLO, or Keptn's two, recognised by their content.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use keptn::{Kind, Sli, Slo, kind};
use slo::Catalogue;

use crate::cli::Gate;
use crate::terminal::note;
use crate::yaml::{listed, read_yaml};

/// What is to be judged.
#[derive(Debug)]
pub(crate) enum Objectives {
    /// The worst objective decides.
    OpenSlo(Catalogue),
    /// The total score decides.
    Keptn(Box<Keptn>),
}

/// Keptn's two files, and what fills the placeholders in them.
#[derive(Debug)]
pub(crate) struct Keptn {
    pub(crate) slo: Slo,
    pub(crate) sli: Sli,
    pub(crate) context: BTreeMap<String, String>,
}

type File = (String, String);

impl Objectives {
    /// The services, by which verdicts of several sets of objectives are told apart in one folder.
    pub(crate) fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = match self {
            Self::OpenSlo(catalogue) => {
                catalogue.slos.iter().map(|slo| slo.service.clone()).collect()
            }
            Self::Keptn(keptn) => keptn.context.get("SERVICE").cloned().into_iter().collect(),
        };
        names.sort();
        names.dedup();
        names
    }
}

impl Objectives {
    /// Reads the files; those of the arguments are relative to the current folder.
    pub(crate) fn read(args: &Gate) -> Result<Self> {
        let here = std::env::current_dir()?;
        let read = |paths: &mut dyn Iterator<Item = &PathBuf>| {
            let paths: Vec<PathBuf> = paths.cloned().collect();
            read_yaml(&here, &paths)
        };
        let (mut slos, mut slis) = (read(&mut args.keptn.iter())?, read(&mut args.sli.iter())?);
        let mut openslo = Vec::new();
        for file in read(&mut args.slos.iter())? {
            match kind(&file.1) {
                Some(Kind::Slo) => slos.push(file),
                Some(Kind::Sli) => slis.push(file),
                None => openslo.push(file),
            }
        }
        if slos.is_empty() && slis.is_empty() {
            if args.keptn_compat || !args.context.is_empty() {
                bail!("--context and --keptn-compat belong to Keptn's files; leave them out");
            }
            let mut catalogue = Catalogue::load(&openslo).map_err(listed)?;
            if args.rewrite_ranges {
                catalogue.rewrite_ranges().iter().for_each(|line| note(line));
            }
            return Ok(Self::OpenSlo(catalogue));
        }
        if let (Some(other), Some(keptn)) = (openslo.first(), slos.first().or(slis.first())) {
            bail!(
                "{} is not a file of Keptn, {} is: they are scored by different rules; run tale gate for each",
                other.0,
                keptn.0
            );
        }
        let slo = only(slos, "slo.yaml", "--keptn")?;
        let sli = only(slis, "sli.yaml", "--sli")?;
        Ok(Self::Keptn(Box::new(Keptn {
            slo: Slo::load(&slo.0, &slo.1).map_err(listed)?,
            sli: Sli::load(&sli.0, &sli.1).map_err(listed)?,
            context: context(args)?,
        })))
    }
}

fn only(mut files: Vec<File>, name: &str, flag: &str) -> Result<File> {
    if let [first, second, ..] = &files[..] {
        bail!("{} and {} are both a {name} of Keptn; name one", first.0, second.0);
    }
    files.pop().with_context(|| format!("Keptn's {name} is missing; add {flag} FILE"))
}

fn context(args: &Gate) -> Result<BTreeMap<String, String>> {
    const KEYS: [&str; 4] = ["PROJECT", "STAGE", "SERVICE", "DEPLOYMENT"];
    for (key, _) in &args.context {
        let label = key.strip_prefix("LABEL.").is_some_and(|name| !name.is_empty());
        if !label && !KEYS.contains(&key.as_str()) {
            bail!(
                "--context {key}: Keptn has no such placeholder; write one of {} or LABEL.<name>",
                KEYS.join(", ")
            );
        }
    }
    Ok(args.context.iter().cloned().collect())
}
