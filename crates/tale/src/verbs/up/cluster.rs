//! `tale up --on cluster`: the stage needs no process of its own, so `up` brings everything, waits
//! until it is there, and leaves.

use std::path::Path;
use std::time::Instant;

use anyhow::Result;

use super::super::status;
use crate::cli::Up;
use crate::tables::status::table;
use crate::terminal::{Tone, Ui, interrupted};
use crate::{in_cluster, setup};

/// Returns what to print, or nothing if it was interrupted: then everything was taken away again.
pub(super) async fn up(root: &Path, args: &Up) -> Result<Option<String>> {
    let since = Instant::now();
    let setup = super::setup(root, args)?;
    if args.dry_run {
        return Ok(Some(in_cluster::dry_run(root, &args.place, &setup).await?));
    }
    let stage = in_cluster::start(root, &args.place, setup.clock).await?;
    let filled = tokio::select! {
        filled = setup::fill(&*stage, &setup) => Some(filled),
        () = interrupted() => None,
    };
    let Some(filled) = filled else {
        stage.down().await?;
        return Ok(None);
    };
    filled?;
    let place = &args.place;
    let ui = Ui::new();
    for line in setup::adapted(&*stage) {
        ui.line(&format!("    {line}"));
    }
    ui.done("ready", since.elapsed(), "", Tone::Plain);
    let table = table(&status::of_cluster(&*stage, place).await?);
    let namespace = &place.namespace;
    let lines = [
        format!("kubectl --namespace {namespace} port-forward svc/prometheus-operated 9090"),
        "./tale chaos apply --on cluster chaos-experiments/dns-leak/dns-error.yaml".to_owned(),
        "./tale status --on cluster".to_owned(),
        "./tale alerts --on cluster".to_owned(),
        "./tale reset --on cluster".to_owned(),
        "./tale down --on cluster".to_owned(),
    ];
    Ok(Some(format!("{table}\nnext:\n  {}", lines.join("\n  "))))
}
