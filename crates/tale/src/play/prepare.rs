//! Reads everything that a tale names, so that a mistake shows before anything is started.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use stage::manifest::Manifests;
use stage::{NamespacedName, SourceFile};

use super::documents::documents;
use super::{LeftOut, Options};
use crate::folders;
use crate::nearest::or_nearest;
use crate::promises::Known;
use crate::setup::{self, Setup};
use crate::story::Tale;
use crate::yaml::load_slos;

/// Everything that a tale names, read and checked.
pub struct Prepared {
    /// What is put on the stage.
    pub setup: Setup,
    /// What the tale defines, and hence what its promises can name.
    pub known: Known,
}

/// Reads and checks everything that a tale names.
///
/// # Errors
/// What cannot be used, with file, field and remedy.
pub fn prepare(root: &Path, tale: &Tale, options: &Options) -> Result<Prepared> {
    let paths: Vec<PathBuf> = tale.manifests.iter().map(|path| root.join(path)).collect();
    let mut manifests = SourceFile::load(&paths)?;
    let catalogue = load_slos(root, &tale.slos)?;
    manifests.extend(setup::rules(&catalogue, options.clock)?);
    let objects = Manifests::read(&manifests)?;
    let mut known = Known::of(&objects, &catalogue);
    for (field, path) in tale.applied() {
        let applied = SourceFile::load(&[root.join(path)])?;
        let applied = Manifests::read(&applied)
            .with_context(|| format!("tales/{}/tale.yaml: {field}", tale.name))?;
        known.add_receivers(&applied);
    }
    let deployments = objects.deployment_names();
    check_chaos(root, tale, &options.left_out)?;
    check_deployments(tale, &deployments)?;
    check_promises(tale, &known)?;
    let setup = Setup {
        manifests,
        deployments,
        env: options.set.clone(),
        catalogue,
        clock: options.clock,
        state_dir: folders::play(root, &tale.name),
        seed: options.seed,
        upstream_dns: None,
    };
    Ok(Prepared { setup, known })
}

/// What Chaos Mesh would accept and fail at is refused here too: a story cannot go on without its
/// fault. Nor can an act end what no act before it has begun.
fn check_chaos(root: &Path, tale: &Tale, left_out: &LeftOut) -> Result<()> {
    let mut begun: Vec<String> = Vec::new();
    for (index, act) in tale.acts.iter().enumerate() {
        for document in documents(root, act.chaos.as_deref())? {
            let name = &document.meta.name;
            if let Some(refusal) = document.refusals().first() {
                let file = act.chaos.iter().map(|path| path.display().to_string());
                bail!("{}: {} {name}: {refusal}", file.collect::<String>(), document.kind());
            }
            begun.push(name.clone());
        }
        let script = act.run.as_ref().and_then(|run| run.script.as_ref());
        if let Some(ends) = script.and_then(|script| script.ends.as_ref()) {
            let known: Vec<&str> = begun.iter().map(String::as_str).collect();
            ensure!(
                known.contains(&ends.as_str()),
                "tales/{}/tale.yaml: acts[{index}].run.script.ends: no act before it begins \
                 `{ends}`; {}",
                tale.name,
                or_nearest(ends, &known)
            );
        }
        begun.extend(act.begins.clone());
        begun.extend(script.and_then(|script| script.begins.clone()));
        for document in documents(root, act.calm.as_deref())? {
            let known: Vec<&str> = begun.iter().map(String::as_str).collect();
            let name = document.meta.name.as_str();
            ensure!(
                known.contains(&name),
                "tales/{}/tale.yaml: acts[{index}].calm: no act before it applies `{name}`; {}",
                tale.name,
                or_nearest(name, &known)
            );
        }
    }
    let known: Vec<&str> = begun.iter().map(String::as_str).collect();
    if let LeftOut::Experiment(name) = left_out {
        ensure!(
            known.contains(&name.as_str()),
            "--without-chaos: there is no experiment `{name}` in the tale {}; {}",
            tale.name,
            or_nearest(name, &known)
        );
    }
    Ok(())
}

/// Whether every promise names what the tale defines.
fn check_promises(tale: &Tale, known: &Known) -> Result<()> {
    for (a, act) in tale.acts.iter().enumerate() {
        for (p, promise) in act.promises.iter().enumerate() {
            let place = || format!("tales/{}/tale.yaml: acts[{a}].promises[{p}]", tale.name);
            promise.check(known).with_context(place)?;
        }
    }
    Ok(())
}

/// Whether every Deployment that an act changes, or a script reaches, is among the manifests.
fn check_deployments(tale: &Tale, deployments: &[NamespacedName]) -> Result<()> {
    for (index, act) in tale.acts.iter().enumerate() {
        let Some(run) = &act.run else { continue };
        let set = run.set.iter().flat_map(|set| {
            let names = set.deployment.names().into_iter();
            names.map(|name| ("set.deployment".to_owned(), &set.namespace, name))
        });
        let script = run.script.iter().flat_map(|script| {
            let at = script.at.iter();
            at.map(|(key, name)| (format!("script.at.{key}"), &script.namespace, name.as_str()))
        });
        for (field, namespace, name) in set.chain(script) {
            let known: Vec<&str> = deployments
                .iter()
                .filter(|deployment| deployment.namespace == *namespace)
                .map(|deployment| deployment.name.as_str())
                .collect();
            ensure!(
                known.contains(&name),
                "tales/{}/tale.yaml: acts[{index}].run.{field}: there is no Deployment `{name}` in \
                 the namespace {namespace} of its manifests; {}",
                tale.name,
                or_nearest(name, &known)
            );
        }
    }
    Ok(())
}
