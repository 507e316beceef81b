//! Reads everything that a tale names, so that a mistake shows before anything is started.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail, ensure};
use slo::Catalogue;
use stage::manifest::Manifests;
use stage::{NamespacedName, SourceFile};

use crate::budget;
use crate::play::{LeftOut, Options, documents};
use crate::stage_dirs;
use crate::story::Tale;
use crate::world::{self, Setup};

/// What the stage of this play needs.
///
/// # Errors
/// What cannot be used, with file, field and remedy.
pub fn prepare(root: &Path, tale: &Tale, options: &Options) -> Result<Setup> {
    let paths: Vec<PathBuf> = tale.manifests.iter().map(|path| root.join(path)).collect();
    let manifests = SourceFile::load(&paths)?;
    let deployments = Manifests::read(&manifests)?.deployment_names();
    check_chaos(root, tale, &options.left_out)?;
    check_deployments(tale, &deployments)?;
    let catalogue = world::load_slos(root, &tale.slos)?;
    check_budgets(tale, &catalogue)?;
    Ok(Setup {
        manifests,
        deployments,
        env: options.set.clone(),
        catalogue,
        clock: options.clock,
        state_dir: stage_dirs::play(root, &tale.name),
        seed: options.seed,
        upstream_dns: None,
    })
}

/// What Chaos Mesh would accept and fail at is refused here too: a story cannot go on without its
/// fault.
fn check_chaos(root: &Path, tale: &Tale, left_out: &LeftOut) -> Result<()> {
    let mut known = BTreeSet::new();
    for (_, path) in tale.experiments() {
        for document in documents(root, path)? {
            known.insert(document.meta.name.clone());
            if let Some(refusal) = document.refusals().first() {
                let (file, name) = (path.display(), &document.meta.name);
                bail!("{file}: {} {name}: {refusal}", document.kind());
            }
        }
    }
    if let LeftOut::Experiment(name) = left_out {
        let names: Vec<&str> = known.iter().map(String::as_str).collect();
        ensure!(
            known.contains(name),
            "--without-chaos: there is no experiment `{name}` in the tale {}; write one of {}",
            tale.name,
            names.join(", ")
        );
    }
    Ok(())
}

fn check_budgets(tale: &Tale, catalogue: &Catalogue) -> Result<()> {
    for (a, act) in tale.acts.iter().enumerate() {
        for (p, promise) in act.promises.iter().enumerate() {
            let Some(name) = &promise.budget else {
                continue;
            };
            let known: Vec<String> = slo::budgets(catalogue)
                .into_iter()
                .filter_map(|budget| Some(budget.id.split_once('/')?.1.to_owned()))
                .collect();
            ensure!(
                budget::find(catalogue, name).is_some(),
                "tales/{}/tale.yaml: acts[{a}].promises[{p}].budget: there is no objective `{name}`; write one of {}",
                tale.name,
                known.join(", ")
            );
        }
    }
    Ok(())
}

fn check_deployments(tale: &Tale, deployments: &[NamespacedName]) -> Result<()> {
    let known: Vec<&str> = deployments.iter().map(|name| name.name.as_str()).collect();
    for (index, act) in tale.acts.iter().enumerate() {
        for name in act.run.iter().flat_map(|run| run.set.deployment.names()) {
            ensure!(
                known.contains(&name),
                "tales/{}/tale.yaml: acts[{index}].run.set.deployment: there is no Deployment `{name}` in its manifests; \
                 write one of {}",
                tale.name,
                known.join(", ")
            );
        }
    }
    Ok(())
}
