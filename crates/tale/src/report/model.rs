//! The report as data: who played what, what was promised, and what was seen.
//!
//! Every time is in seconds since the start of the tale. The field names are the keys of
//! `report.json`, which other programs read: add fields, never rename them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use slo::Clock;
use stage::{Adaptation, StageKind};

/// One performance of a tale.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// The tale's name on the command line, such as `dns-leak`.
    pub tale: String,
    /// What the tale is called on stage.
    pub title: String,
    /// Whose story it is: SRE, Dev, Ops or DevOps.
    pub teller: String,
    /// Where it was played.
    pub stage: StageKind,
    /// How fast the windows ran.
    pub clock: Clock,
    /// The sum of all promises; see [`Verdict::of`].
    pub verdict: Verdict,
    /// How long the tale took.
    pub seconds: f64,
    /// When it started, as RFC 3339 text.
    pub started: String,
    /// The seed of every random choice, if there was one.
    pub seed: Option<u64>,
    /// In the order of the story, including those that were never reached.
    pub promises: Vec<Promise>,
    /// The acts that were played, in order.
    pub acts: Vec<Act>,
    /// What was broken on purpose, and when.
    pub faults: Vec<Fault>,
    /// The alerts that left the inactive state.
    pub alerts: Vec<Alert>,
    /// What the metrics did meanwhile.
    pub charts: Vec<Chart>,
    /// Who held the memory; empty if nobody was asked.
    #[serde(default)]
    pub profiles: Vec<Profile>,
    /// Each gate that was asked, in order.
    pub gates: Vec<GateResult>,
    /// What the tale cost of the error budgets; empty if it has no objectives.
    #[serde(default)]
    pub budgets: Vec<Budget>,
    /// Who was told how often; empty if nobody was.
    #[serde(default)]
    pub messages: Vec<Messages>,
    /// In what the documents on the stage differ from the files; nothing on a local stage.
    #[serde(default)]
    pub adapted: Vec<Adaptation>,
    /// What else the reader should know, one sentence each.
    pub notes: Vec<String>,
}

/// What a performance amounts to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Every promise was kept.
    Kept,
    /// At least one promise was broken.
    Broken,
    /// No promise was broken, but not all could be judged.
    Undecided,
}

impl Verdict {
    /// The verdict over some promises. None at all is undecided: a tale that promises nothing
    /// proves nothing.
    pub fn of(promises: &[Promise]) -> Self {
        let any = |outcome| promises.iter().any(|promise| promise.outcome == outcome);
        if any(Outcome::Broken) {
            Self::Broken
        } else if promises.is_empty() || any(Outcome::Undecided) || any(Outcome::NotReached) {
            Self::Undecided
        } else {
            Self::Kept
        }
    }
}

/// One promise of the story and what became of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Promise {
    /// The act that makes it.
    pub act: String,
    /// What is looked at: `quiet`, `metric`, `alert`, `gate`, ...
    pub kind: String,
    /// The promise in words.
    pub text: String,
    /// The deadline in seconds, if it has one.
    pub within_s: Option<f64>,
    /// Seconds until it was kept, or until it was given up.
    pub took_s: f64,
    /// What became of it; in JSON the keys `kept` (true, false or null) and `outcome`.
    #[serde(flatten)]
    pub outcome: Outcome,
    /// What was seen when it was judged.
    pub observed: String,
}

/// What became of a promise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "super::json::Judged", from = "super::json::Judged")]
pub enum Outcome {
    /// It came true in time.
    Kept,
    /// It did not.
    Broken,
    /// It was asked, but there was no answer to judge.
    Undecided,
    /// The tale ended before it.
    NotReached,
}

/// When an act was on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Act {
    /// Its name in the tale.
    pub name: String,
    /// When it began.
    pub from_s: f64,
    /// When it ended.
    pub to_s: f64,
}

/// When something was broken on purpose.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Fault {
    /// The name of the experiment.
    pub name: String,
    /// Its kind, such as `DNSChaos`.
    pub kind: String,
    /// When it was injected.
    pub from_s: f64,
    /// When it was recovered; none if it lasted to the end.
    pub to_s: Option<f64>,
}

/// One firing of an alert, in one severity: a page may be over while its ticket stays, and an alert
/// that fires twice is two of these. A state that was never seen is none.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Alert {
    /// The alert's name.
    pub name: String,
    /// Its label `severity`: `page` wakes somebody, `ticket` waits until morning.
    pub severity: Option<String>,
    /// When its condition became true.
    pub pending_s: Option<f64>,
    /// When it fired.
    pub firing_s: Option<f64>,
    /// When it was resolved.
    pub resolved_s: Option<f64>,
}

impl Alert {
    /// Name and severity, for people.
    pub fn title(&self) -> String {
        match &self.severity {
            Some(severity) => format!("{} ({severity})", self.name),
            None => self.name.clone(),
        }
    }
}

/// One metric over the whole tale.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Chart {
    /// What is shown.
    pub title: String,
    /// What the values are measured in.
    pub unit: Unit,
    /// The PromQL behind it.
    pub query: String,
    /// The lines. Lines with the same label share colour and label, for instance the pods of one
    /// replica set.
    pub series: Vec<Series>,
    /// The limit to compare with.
    pub threshold: Option<Threshold>,
}

/// What the values of a chart, or of a promise, are measured in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// Bytes, shown as kB, MB, GB (powers of 1000).
    Bytes,
    /// Seconds, shown as µs, ms or s.
    Seconds,
    /// Events per second.
    PerSecond,
    /// A share of 1, shown in percent.
    Ratio,
    /// A number of things.
    Count,
}

/// One line of a chart.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Series {
    /// What it is called.
    pub label: String,
    /// (time, value), times rising. NaN, infinite or missing samples break the line; in JSON they
    /// are `null`.
    #[serde(with = "super::json::points")]
    pub points: Vec<(f64, f64)>,
}

/// A limit drawn across a chart.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Threshold {
    /// In the chart's unit.
    pub value: f64,
    /// What the limit is.
    pub label: String,
}

/// The heap of one pod at one moment, as a flame graph: who allocated what was held then.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Profile {
    /// The pod.
    pub pod: String,
    /// When it was looked at.
    pub at_s: f64,
    /// All bytes that were seen.
    pub bytes: u64,
    /// Callers before those that they called; the first is everything.
    pub frames: Vec<Frame>,
}

/// A function in a flame graph, with all that it called.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Frame {
    /// The function.
    pub name: String,
    /// How many callers are below it.
    pub depth: u32,
    /// Bytes that stand to its left.
    pub left: u64,
    /// Bytes that it allocated, or had allocated.
    pub bytes: u64,
}

/// The answer of one gate.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GateResult {
    /// The act that asked.
    pub act: String,
    /// The gate's own word: `pass`, `fail`, ... A `fail` may well be what the tale promised.
    pub verdict: String,
    /// Its full output.
    pub text: String,
}

/// What a tale cost of one error budget, in production time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Budget {
    /// `service/slo/objective`.
    pub objective: String,
    /// Ratio of good that was aimed at.
    pub target: f64,
    /// The period that the budget is for, in days.
    pub days: f64,
    /// The whole budget, in minutes.
    pub minutes: f64,
    /// What is spent of it, in minutes; none if nobody knows.
    pub spent_minutes: Option<f64>,
}

/// How many messages somebody got.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Messages {
    /// `AlertmanagerConfig/receiver`.
    pub receiver: String,
    /// `mail`, `SMS`, `chat` or what else Alertmanager calls it.
    pub channel: String,
    /// Those that said that something is wrong.
    pub firing: usize,
    /// Those that said that it is over.
    pub resolved: usize,
}
