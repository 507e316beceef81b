//! `tale slo suggest`: the target that the history of an indicator supports, as OpenSLO with the
//! evidence.

use std::collections::BTreeSet;

use anyhow::{Context, Result, anyhow, bail, ensure};
use serde_json::{Value, json};
use slo::Period;
use slo::openslo::model::{Metric, Objective, Slo};
use slo::queries::{events_of_slice, sources_apart};
use stats::{Counted, Events, History, Slice, SuggestRequest, Suggestion, openslo_stream, suggest};

use super::past::{Past, period};
use super::{load, observed, words};
use crate::cli::{Suggest, SuggestFormat};
use crate::folders::Project;
use crate::terminal::Table;

/// Lengths of slices, and the most that are asked for: enough for a month of five minutes. A minute
/// would hold one sample of a target that is scraped every minute, and a rate needs two.
const SLICES: [Period; 4] =
    [Period::minutes(5), Period::minutes(15), Period::hours(1), Period::hours(6)];
const MOST_SLICES: f64 = 9_000.0;
/// How far back to look at least, unless `--last` says otherwise.
const MONTH: Period = Period::days(30);

/// A proposal for one indicator, or the reason for not making one.
struct Answer {
    id: String,
    found: Result<Suggestion>,
}

/// Proposes a target for each indicator of the files.
pub(super) async fn run(project: &Project, args: Suggest) -> Result<(String, u8)> {
    let catalogue = load(&args.files, args.rewrite_ranges)?;
    let window = args.window.as_deref().map(|text| period("--window", text));
    let window = window.transpose()?;
    let mut excluded = Vec::new();
    for text in &args.exclude {
        excluded.push(range(text)?);
    }
    let last = args.last.as_deref().map(|text| period("--last", text));
    let last = last.transpose()?;
    let window_of = |slo: &Slo| window.unwrap_or(slo.window.duration);
    let length_of = |slo: &Slo| last.unwrap_or(look_back(window_of(slo)));
    let longest = catalogue.slos.iter().map(length_of).max();
    let past = Past::over(project, args.source, longest.unwrap_or(MONTH)).await?;
    let slice = slice_of(past.to - past.from);
    for event in observed::chaos(project, &past, slice.as_secs_f64()).await {
        excluded.push((event.start, event.end));
    }
    let mut answers = Vec::new();
    for slo in &catalogue.slos {
        let past = past.latest(length_of(slo));
        for (name, objective) in indicators(slo) {
            let question = Question {
                slo,
                objective,
                name,
                window: window_of(slo),
                slice: slice_of(past.to - past.from),
                seed: args.seed,
                excluded: &excluded,
            };
            answers.push(Answer {
                id: format!("{}/{}", slo.service, question.name),
                found: question.propose(&past).await,
            });
        }
    }
    ensure!(!answers.is_empty(), "the files hold no objective");
    let text = match args.format {
        SuggestFormat::Yaml => yaml(&answers),
        SuggestFormat::Text => text(&answers),
        SuggestFormat::Json => words::json(&Value::Array(answers.iter().map(as_json).collect())),
        SuggestFormat::Markdown => markdown(&answers),
    };
    let refused = answers.iter().any(|answer| answer.found.is_err());
    Ok((text, if refused { 2 } else { 0 }))
}

/// Objectives of one indicator differ in their targets, which are to be found: the first one stands
/// for all. Parts of a composite have indicators of their own.
fn indicators(slo: &Slo) -> Vec<(String, &Objective)> {
    let name = |objective: &Objective| {
        if slo.composite {
            format!("{}-{}", slo.metadata.name, objective.id)
        } else {
            slo.metadata.name.clone()
        }
    };
    let mut seen = BTreeSet::new();
    let named = slo.objectives.iter().map(|objective| (name(objective), objective));
    named.filter(|(name, _)| seen.insert(name.clone())).collect()
}

/// Twice as long as what is tested, because what happened once may be chance; and a month if there
/// is one.
fn look_back(window: Period) -> Period {
    Period::from_millis(2 * window.as_millis()).max(MONTH)
}

/// The shortest slice that does not ask for too many.
fn slice_of(seconds: f64) -> Period {
    let few = |slice: &&Period| seconds / slice.as_secs_f64() <= MOST_SLICES;
    let longest = SLICES[SLICES.len() - 1];
    SLICES.iter().find(few).copied().unwrap_or(longest)
}

/// One indicator, and how its past is looked at.
struct Question<'a> {
    slo: &'a Slo,
    objective: &'a Objective,
    name: String,
    window: Period,
    slice: Period,
    seed: u64,
    excluded: &'a [(f64, f64)],
}

impl Question<'_> {
    async fn propose(&self, past: &Past) -> Result<Suggestion> {
        let queries = events_of_slice(self.slo, self.objective, self.slice)
            .map_err(|why| anyhow!("{why}"))?;
        let step = self.slice.as_secs_f64();
        let bad = past.steps(&queries.bad, step).await;
        let bad = bad.map_err(|why| anyhow!("{why}"))?;
        let total = past.steps(&queries.total, step).await;
        let total = total.map_err(|why| anyhow!("{why}"))?;
        self.sources_exist(past).await?;
        let slices = total.iter().zip(&bad).enumerate().map(|(index, (total, bad))| {
            let end = past.from + step * index as f64;
            let events = total.zip(*bad).map(|(total, bad)| events(bad, total));
            let overlaps = |(from, to): &(f64, f64)| *from < end && *to > end - step;
            let excluded = self.excluded.iter().any(overlaps);
            Slice { events, excluded }
        });
        // The first step ends where the time begins.
        let slices: Vec<Slice> = slices.skip(1).collect();
        let seen = |slice: &Slice| slice.events.is_some_and(|events| events.total > 0.0);
        let first = slices.iter().position(seen).unwrap_or(0) as f64;
        let last = slices.iter().rposition(seen).map_or(0, |last| last + 1) as f64;
        // The evidence is what there is, not what was asked for.
        let seen = (past.from + step * first, past.from + step * last);
        let history = History { slice: self.slice, slices };
        suggest(&history, &self.request(seen)?).map_err(|why| anyhow!("{why}"))
    }

    /// No series of errors is no proof that there were none, if all events are another metric.
    async fn sources_exist(&self, past: &Past) -> Result<()> {
        for selector in sources_apart(self.objective) {
            let length = ((past.to - past.from) * 1000.0).round();
            let promql = format!("count(count_over_time({selector}[{length}ms]))");
            let found = past.prometheus.query(&promql, Some(past.to)).await;
            if found.map_err(|why| anyhow!("{why}"))?.is_empty() {
                bail!(
                    "{selector} has no sample in all that time, so it proves nothing: correct its name, or let it begin at 0"
                );
            }
        }
        Ok(())
    }

    /// `seen`: where the first and the last event are.
    fn request(&self, seen: (f64, f64)) -> Result<SuggestRequest> {
        let (counted, total) = match &self.objective.indicator.metric {
            Metric::Good { good, total } => (Counted::Good(good.text.clone()), total),
            Metric::Bad { bad, total } => (Counted::Bad(bad.text.clone()), total),
            Metric::Raw { .. } | Metric::Threshold(_) => bail!("the indicator counts no events"),
        };
        Ok(SuggestRequest {
            service: self.slo.service.clone(),
            name: self.name.clone(),
            counted,
            total: total.text.clone(),
            counter: total.counter,
            window: self.window,
            source: format!(
                "{} to {}, slices of {}",
                words::moment(seen.0),
                words::moment(seen.1),
                self.slice
            ),
            seed: self.seed,
        })
    }
}

/// Rates are extrapolated: there may be a hair more bad events than events, or less than none. More
/// than a hair is left as it is, and refused.
fn events(bad: f64, total: f64) -> Events {
    let hair = 0.01 * total + 1.0;
    let good = total - bad;
    let forgiven = (-hair..=total + hair).contains(&good);
    Events { good: if forgiven { good.clamp(0.0, total.max(0.0)) } else { good }, total }
}

/// Reads `FROM..TO`.
fn range(text: &str) -> Result<(f64, f64)> {
    let wrong = || format!("--exclude {text}: write 2026-01-31T12:00:00Z..2026-01-31T13:00:00Z");
    let (from, to) = text.split_once("..").with_context(wrong)?;
    let moment = |text: &str| text.trim().parse::<jiff::Timestamp>().with_context(wrong);
    let (from, to) = (moment(from)?, moment(to)?);
    ensure!(from < to, "--exclude {text}: it ends before it begins");
    Ok((from.as_second() as f64, to.as_second() as f64))
}

/// The proposals; refusals become comments.
fn yaml(answers: &[Answer]) -> String {
    let refused: String = answers
        .iter()
        .filter_map(|answer| Some((answer, answer.found.as_ref().err()?)))
        .map(|(answer, why)| format!("# {}: no proposal: {}\n", answer.id, one_line(why)))
        .collect();
    let found: Vec<Suggestion> =
        answers.iter().filter_map(|answer| answer.found.as_ref().ok().cloned()).collect();
    refused + &openslo_stream(&found)
}

fn text(answers: &[Answer]) -> String {
    let paragraphs: Vec<String> = answers
        .iter()
        .map(|answer| match &answer.found {
            Ok(found) => format!("{}: {found}\n", answer.id),
            Err(why) => format!("{}: no proposal: {}\n", answer.id, one_line(why)),
        })
        .collect();
    paragraphs.join("\n")
}

fn markdown(answers: &[Answer]) -> String {
    let mut table = Table::new([
        "Indicator",
        ">Target",
        ">Observed",
        ">Worst window",
        ">90 % interval",
        ">Events",
    ]);
    for answer in answers {
        let cells = match &answer.found {
            Ok(found) => [
                found.target.to_string(),
                format!("{:.6}", found.observed),
                format!("{:.6}", found.worst_window),
                format!("{:.6} to {:.6}", found.interval.0, found.interval.1),
                format!("{:.0}", found.events_per_window),
            ],
            Err(why) => {
                let mut cells = [const { String::new() }; 5];
                cells[0] = format!("none: {}", one_line(why));
                cells
            }
        };
        let [target, observed, worst, interval, events] = cells;
        table.row([answer.id.clone(), target, observed, worst, interval, events]);
    }
    format!(
        "### Proposed targets\n\n{}\nHistory is not need: ask the users what they notice.\n",
        table.to_markdown()
    )
}

fn as_json(answer: &Answer) -> Value {
    match &answer.found {
        Ok(found) => json!({"id": answer.id, "suggestion": found}),
        Err(why) => json!({"id": answer.id, "refused": one_line(why)}),
    }
}

fn one_line(why: &anyhow::Error) -> String {
    format!("{why:#}").replace('\n', " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_default_two_windows_are_looked_at_and_at_least_a_month() {
        assert_eq!(look_back(Period::days(30)), Period::days(60));
        assert_eq!(look_back(Period::days(7)), Period::days(30));
    }

    #[test]
    fn a_slice_holds_at_least_two_scrapes_a_minute_apart_and_a_month_has_not_too_many() {
        assert_eq!(slice_of(600.0), Period::minutes(5));
        assert_eq!(slice_of(30.0 * 86_400.0), Period::minutes(5));
        assert_eq!(slice_of(60.0 * 86_400.0), Period::minutes(15));
        assert_eq!(slice_of(1e9), Period::hours(6));
    }
}
