//! `tale gate`: objectives judged against a Prometheus, in the form that is asked for.

use crate::cli::{Format, Gate};
use crate::control::{Request, Running};
use crate::gate;
use crate::prometheus::Prometheus;
use crate::world::{load_slos, slo_clock};
use anyhow::{Context, Result, anyhow};
use slo::Span;
use slo::gate::{Baseline, Style};
use std::cell::RefCell;
use std::path::{Path, PathBuf};

/// What the gate prints, and its exit code.
///
/// # Errors
/// What keeps the gate from being asked at all. A Prometheus that does not answer is no error but a verdict.
pub async fn ask(root: &Path, args: Gate, note: impl Fn(&str)) -> Result<(String, u8)> {
    let window: Span = Span::parse(&args.last)
        .map_err(|why| anyhow!("--last {}: {why}; write e.g. 5m", args.last))?;
    let here = std::env::current_dir()?;
    let paths: Vec<PathBuf> = args.slos.iter().map(|path| here.join(path)).collect();
    let catalogue = load_slos(root, &paths)?;
    let baseline = args.baseline.as_deref().map(read_baseline).transpose()?;
    let url = match args.prometheus {
        Some(url) => url,
        None => prometheus_of_the_stage(root, note).await?,
    };
    let plan = gate::plan(&catalogue, window, slo_clock(args.clock.into()))?;
    let verdict = gate::run(&plan, &Prometheus::new(&url), baseline.as_ref()).await;
    if let Some(file) = &args.pin {
        let text = verdict.to_baseline().to_json();
        std::fs::write(file, text).with_context(|| format!("cannot write {}", file.display()))?;
    }
    let text = match args.format {
        Format::Text => verdict.to_text(Style::Plain),
        Format::Json => verdict.to_json(),
        Format::Junit => verdict.to_junit(),
        Format::Markdown => verdict.to_markdown(),
        Format::Gitlab => verdict.to_gitlab_metrics(),
        Format::Github => verdict.to_github_summary(),
    };
    Ok((text, verdict.exit_code()))
}

async fn prometheus_of_the_stage(root: &Path, note: impl Fn(&str)) -> Result<String> {
    let stage = Running::find(root, note)
        .await
        .context("which Prometheus? Write --prometheus URL, or start a stage")?;
    let status = RefCell::new(String::new());
    stage
        .ask(&Request::Status { json: true }, |text| {
            status.borrow_mut().push_str(text)
        })
        .await?;
    let status: serde_json::Value = serde_json::from_str(&status.into_inner())?;
    let url = status["urls"]["prometheus"].as_str();
    url.map(str::to_owned)
        .context("the stage has no Prometheus; write --prometheus URL")
}

fn read_baseline(file: &Path) -> Result<Baseline> {
    let text =
        std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    Baseline::from_json(&text)
        .with_context(|| format!("{}: write it with tale gate --pin", file.display()))
}
