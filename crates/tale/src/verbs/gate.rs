//! `tale gate`: objectives judged against a Prometheus, printed in one of seven formats.

mod course;
mod history;
mod objectives;
mod pin;
mod planned;
mod whole_file;
mod window;

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result, anyhow, bail};
use jiff::Timestamp;
use keptn::Leniency;
use slo::gate::{
    Baseline, EarlierResult, HeatMap, Judged, Outcome, Style, Verdict, Windows, heat_map,
    median_of_passing, plan_windows,
};
use slo::{Catalogue, Clock};

use crate::cli::{ClockArg, FailOn, Format, Gate};
use crate::folders::Project;
use crate::gate;
use crate::terminal::print;
use crate::yaml::listed;
use history::History;
use objectives::{Keptn, Objectives};
use pin::pin;
use planned::Planned;
use whole_file::write_whole;
use window::Window;

/// Asks the gate and prints its verdict, which also decides the exit code.
///
/// # Errors
/// Whatever keeps the gate from asking. A Prometheus that does not answer is not an error: that is
/// an inconclusive verdict.
pub async fn run(project: &Project, args: Gate) -> Result<ExitCode> {
    let clock = ClockArg::or_of(args.clock, &args.server).into();
    let now = Timestamp::now();
    let period = Window::read(&args, clock, now)?;
    let objectives = Objectives::read(&args)?;
    let history = args.history.as_deref();
    let history = history.map(|folder| History::open(folder, period.end, &objectives.names()));
    let history = history.transpose()?;
    let earlier = history.as_ref().map(History::earlier).unwrap_or_default();
    let planned = plan(&objectives, &args, &period, clock, &earlier)?;
    let baseline = baseline(&args, &objectives, &earlier)?;
    let prometheus = super::ask::prometheus(project, &args.server).await?;
    let prometheus = prometheus.for_window(planned.plan().window_seconds);
    let end = period.end_seconds();
    let asked = gate::ask(planned.plan(), &prometheus, end).await;
    let plan = asked.plan.clone();
    let mut verdict = planned.judge(asked, baseline.as_ref());
    verdict.until = period.names_end.then(|| period.end.to_string());
    verdict.judged = Some(Judged { at: seconds_of(now), host: host() });
    let shows =
        shows_course(args.format) || args.write.iter().any(|(format, _)| shows_course(*format));
    let map = match &history {
        Some(history) if shows => {
            Some(heat_map(&history.timed(), &verdict, &period.end.to_string()))
        }
        _ => None,
    };
    if let Some(history) = history {
        history.keep(&verdict)?;
    }
    if shows {
        course::add(&plan, &prometheus, end, &mut verdict).await;
    }
    let fail_on: Vec<Outcome> = args.fail_on.iter().copied().map(outcome).collect();
    print(&render(&verdict, args.format, map.as_ref()));
    for (format, file) in &args.write {
        write_whole(file, &render(&verdict, *format, map.as_ref()))
            .with_context(|| format!("--write: cannot write {}", file.display()))?;
    }
    // Behind the verdict: whoever pins wants to see why it is refused.
    if let Some(file) = &args.pin {
        pin(file, &verdict, args.pin_anyway)?;
    }
    Ok(ExitCode::from(verdict.exit_code(&fail_on)))
}

/// Where the course of each objective, and that of the gate, has a place.
fn shows_course(format: Format) -> bool {
    matches!(format, Format::Markdown | Format::Github | Format::Html)
}

fn seconds_of(time: Timestamp) -> String {
    let whole = Timestamp::from_second(time.as_second());
    whole.map_or_else(|_| time.to_string(), |time| time.to_string())
}

/// The name of this machine.
fn host() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

fn plan(
    objectives: &Objectives,
    args: &Gate,
    period: &Window,
    clock: Clock,
    earlier: &[EarlierResult],
) -> Result<Planned> {
    match objectives {
        Objectives::OpenSlo(catalogue) => {
            let windows = windows(catalogue, args, period)?;
            plan_windows(catalogue, windows, clock).map(Planned::OpenSlo)
        }
        Objectives::Keptn(_) if args.calendar => {
            bail!("--calendar: Keptn's files have no calendar; write --last or --from")
        }
        Objectives::Keptn(keptn) => {
            let gate = keptn_gate(keptn, args, period, clock, earlier);
            keptn::plan(&gate).map(Box::new).map(Planned::Keptn)
        }
    }
    .map_err(listed)
}

fn windows(catalogue: &Catalogue, args: &Gate, period: &Window) -> Result<Windows> {
    if !args.calendar {
        return Ok(Windows::Same(period.length));
    }
    if catalogue.slos.iter().all(|slo| slo.window.calendar.is_none()) {
        bail!("--calendar: no SLO here has a calendar window; leave it out");
    }
    Ok(Windows::Calendar { end: period.end, rolling: period.length })
}

fn keptn_gate<'a>(
    keptn: &'a Keptn,
    args: &Gate,
    period: &Window,
    clock: Clock,
    earlier: &'a [EarlierResult],
) -> keptn::Gate<'a> {
    keptn::Gate {
        slo: &keptn.slo,
        sli: &keptn.sli,
        context: &keptn.context,
        window: period.length,
        clock,
        leniency: if args.keptn_compat { Leniency::Compat } else { Leniency::Strict },
        earlier,
    }
}

/// The pinned values; for OpenSLO also those of the history that are not pinned. Keptn's files have
/// rules of their own.
fn baseline(
    args: &Gate,
    objectives: &Objectives,
    earlier: &[EarlierResult],
) -> Result<Option<Baseline>> {
    let pinned = args.baseline.as_deref().map(read_baseline).transpose()?;
    Ok(match objectives {
        Objectives::Keptn(_) => pinned,
        Objectives::OpenSlo(_) => {
            let mut baseline = median_of_passing(earlier);
            baseline.values.extend(pinned.into_iter().flat_map(|pinned| pinned.values));
            Some(baseline)
        }
    })
}

fn render(verdict: &Verdict, format: Format, history: Option<&HeatMap>) -> String {
    let with_history = |page: String| page + &history.map(HeatMap::to_markdown).unwrap_or_default();
    match format {
        Format::Text => verdict.to_text(Style::Plain),
        Format::Json => verdict.to_json(),
        Format::Junit => verdict.to_junit(),
        Format::Markdown => with_history(verdict.to_markdown()),
        Format::Gitlab => verdict.to_gitlab_metrics(),
        Format::Github => with_history(verdict.to_github_summary()),
        Format::Html => verdict.to_html(history),
    }
}

fn outcome(fail_on: FailOn) -> Outcome {
    match fail_on {
        FailOn::Warning => Outcome::Warning,
        FailOn::Inconclusive => Outcome::Inconclusive,
    }
}

fn read_baseline(file: &Path) -> Result<Baseline> {
    let text = std::fs::read_to_string(file)
        .with_context(|| format!("--baseline {}: cannot be read", file.display()))?;
    Baseline::from_json(&text).map_err(|why| {
        anyhow!("--baseline {}: {why}; write it with tale gate --pin", file.display())
    })
}
