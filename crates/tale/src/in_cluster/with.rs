//! Arguments to a stage in a cluster: which context, which image, and whether it is meant at all.

mod image;
mod workshop;

use std::io::{BufRead, IsTerminal, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use ::cluster::fetch::{Fetch, fetch as fetch_all};
use ::cluster::{ClusterStage, Connection, Options, Progress, connect, sweep};
use anyhow::{Result, bail, ensure};
use images::Target;
use images::bundle::Lock;
use oci::Digest;
use slo::Clock;
use stage::Stage;

pub use workshop::workshop;

use crate::cli::{Place, With};
use crate::finding::Finding;
use crate::in_cluster::Fetching;
use crate::setup::Setup;
use crate::terminal::{Tone, Ui};

/// A stage in a cluster, with nothing on it yet.
///
/// # Errors
/// No way to the cluster, or it lacks what a stage needs, or it is not the one that was meant.
pub async fn start(root: &Path, place: &Place, clock: Clock) -> Result<Arc<dyn Stage>> {
    let connection = connect(place.context.as_deref()).await?;
    in_namespace(&connection, place)?;
    let image = match &place.image {
        Some(image) => image.clone(),
        None => image::brought(root, &connection, &progress()).await?,
    };
    Ok(Arc::new(ClusterStage::start(&connection, options(place, clock, image)).await?))
}

/// The stage that is in a cluster, to look at it and to change it.
///
/// # Errors
/// No way to the cluster, or it lacks what a stage needs.
pub async fn attach(place: &Place) -> Result<Arc<dyn Stage>> {
    let connection = connect(place.context.as_deref()).await?;
    let options =
        Options { progress: Arc::new(|_, _, _| {}), ..options(place, Clock::Stage, String::new()) };
    Ok(Arc::new(ClusterStage::start(&connection, options).await?))
}

/// Takes away whatever carries the labels of the stage. Returns what to print.
///
/// # Errors
/// The cluster does not answer, or something does not go.
pub async fn down(place: &Place) -> Result<String> {
    let connection = connect(place.context.as_deref()).await?;
    in_namespace(&connection, place)?;
    let since = Instant::now();
    let swept = sweep::all(&connection.api, &place.namespace).await?;
    let mut text: String = swept.sentences.iter().map(|line| format!("{line}\n")).collect();
    let of = format!("of the namespace {} of {}", place.namespace, connection.context);
    text.push_str(&match swept.objects {
        0 => format!("there is no stage in the cluster: nothing {of} carries its labels"),
        count => format!(
            "the stage {of} is down after {:.1} s: {count} objects",
            since.elapsed().as_secs_f64()
        ),
    });
    Ok(text)
}

/// Begins anew.
///
/// # Errors
/// The cluster does not answer, or something does not come up again.
pub async fn reset(place: &Place) -> Result<()> {
    let connection = connect(place.context.as_deref()).await?;
    in_namespace(&connection, place)?;
    let options = options(place, Clock::Stage, String::new());
    Ok(ClusterStage::start(&connection, options).await?.reset().await?)
}

/// Every field that differs from the files, and what the API server thinks of the result.
///
/// # Errors
/// No way to the cluster, or a document that cannot be played there.
pub async fn dry_run(root: &Path, place: &Place, setup: &Setup) -> Result<String> {
    let connection = connect(place.context.as_deref()).await?;
    let image = match &place.image {
        Some(image) => image.clone(),
        None => image::name(root)?,
    };
    let options =
        Options { progress: Arc::new(|_, _, _| {}), ..options(place, setup.clock, image) };
    let stage = ClusterStage::start(&connection, options).await?;
    Ok(stage.rehearse(&setup.manifests, &setup.env).await?)
}

/// What is in the way in a cluster.
///
/// # Errors
/// No way to the cluster.
pub async fn doctor(place: &Place) -> Result<Vec<Finding>> {
    let connection = connect(place.context.as_deref()).await?;
    let found = ::cluster::doctor::examine(&connection, &place.namespace).await;
    let finding = |one: ::cluster::doctor::Finding| Finding {
        what: format!("{} {}", one.id, one.what),
        ok: one.ok,
        found: one.found,
        remedy: one.remedy,
    };
    Ok(found.into_iter().map(finding).collect())
}

/// Puts right what is the stage's own. Returns what was done, a sentence each.
///
/// # Errors
/// No way to the cluster, or it refuses.
pub async fn fix(place: &Place) -> Result<Vec<String>> {
    let connection = connect(place.context.as_deref()).await?;
    in_namespace(&connection, place)?;
    Ok(::cluster::doctor::fix(&connection, &place.namespace).await?)
}

/// Fills a folder with what a lock file names. Returns what the lock file does not say yet.
///
/// # Errors
/// What cannot be had, or is not what it should be.
pub async fn fetch(asked: Fetching, lock: &Lock) -> Result<Vec<(String, Digest)>> {
    let mirrors = asked.mirror.into_iter().map(|(host, url)| Ok((host, url.parse()?)));
    let how = Fetch {
        bundle: asked.folder,
        architecture: asked.architecture,
        anew: asked.anew,
        mirrors: mirrors.collect::<Result<_>>()?,
        progress: progress(),
    };
    Ok(fetch_all(&how, lock).await?)
}

fn options(place: &Place, clock: Clock, image: String) -> Options {
    Options {
        namespace: place.namespace.clone(),
        clock,
        image,
        use_images: place.use_image.clone(),
        demo_names: place.with.contains(&With::DemoNames),
        own_monitoring: place.with.contains(&With::Monitoring),
        prometheus_url: place.prometheus_url.clone(),
        alertmanager_url: place.alertmanager_url.clone(),
        progress: progress(),
    }
}

fn progress() -> Progress {
    let ui = Ui::new();
    Arc::new(move |what, took, about| ui.done(what, took, about, Tone::Plain))
}

/// Asks about a cluster in whose one namespace something is to be done.
fn in_namespace(connection: &Connection, place: &Place) -> Result<()> {
    confirm(connection, place.yes, &format!("in its namespace {}", place.namespace))
}

/// A cluster that is not on this machine may be somebody's production.
fn confirm(connection: &Connection, yes: bool, what: &str) -> Result<()> {
    let toy = Target::of_context(&connection.context).is_some();
    if connection.local || toy || yes {
        return Ok(());
    }
    let question = format!(
        "the context {} is the cluster at {}; go on {what}?",
        connection.context, connection.server
    );
    ensure!(
        std::io::stdin().is_terminal(),
        "{question} write --yes to say so, or --context to choose another"
    );
    let mut out = std::io::stderr();
    let _ = write!(out, "tale: {question} [y/N] ");
    let _ = out.flush();
    let mut answer = String::new();
    let _ = std::io::stdin().lock().read_line(&mut answer);
    if ["y", "yes"].contains(&answer.trim().to_lowercase().as_str()) {
        return Ok(());
    }
    bail!("not confirmed, so nothing was done")
}
