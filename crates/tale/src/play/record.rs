//! What happened in a play so far, on its way to becoming the report.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use stage::{Adaptation, StageKind};

use super::Options;
use super::evidence::Evidence;
use crate::promises::{self, Ending};
use crate::report::{Act, Fault, GateResult, Outcome, Profile, Promise, Report, Verdict};
use crate::story::{self, Tale};

/// The record of a play; times in seconds since its start.
pub(super) struct Record {
    /// Start of the play.
    pub(super) start: Instant,
    /// The same, in seconds since 1970.
    pub(super) epoch: f64,
    /// Acts that were begun.
    pub(super) acts: Vec<Act>,
    /// Where it is played.
    pub(super) stage: StageKind,
    /// In what the stage's documents differ from the files.
    pub(super) adapted: Vec<Adaptation>,
    /// What the report has to say besides.
    pub(super) notes: Vec<String>,
    promises: Vec<Promise>,
    faults: Vec<Fault>,
    gates: Vec<GateResult>,
    /// Heaps that were looked at.
    pub(super) profiles: Vec<Profile>,
    /// How long the play took, once it is over.
    ended_s: Option<f64>,
}

impl Record {
    /// Starts now.
    pub(super) fn start() -> Self {
        let epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self {
            start: Instant::now(),
            epoch: epoch.as_secs_f64(),
            acts: Vec::new(),
            stage: StageKind::Local,
            adapted: Vec::new(),
            notes: Vec::new(),
            promises: Vec::new(),
            faults: Vec::new(),
            gates: Vec::new(),
            profiles: Vec::new(),
            ended_s: None,
        }
    }

    /// The last promise was judged, or nothing more will be.
    pub(super) fn end(&mut self) {
        self.ended_s = Some(self.seconds());
    }

    /// What the manifests hold that this stage does not do.
    pub(super) fn not_applied(&mut self, lines: &[String]) {
        self.notes.extend(lines.iter().map(|what| format!("not applied on this stage: {what}")));
    }

    /// Seconds since the start.
    pub(super) fn seconds(&self) -> f64 {
        self.start.elapsed().as_secs_f64()
    }

    /// An act begins.
    pub(super) fn begin(&mut self, act: &story::Act) {
        let now = self.seconds();
        self.acts.push(Act { name: act.act.clone(), from_s: now, to_s: now });
    }

    /// The act that was begun last is over.
    pub(super) fn end_act(&mut self) {
        let now = self.seconds();
        if let Some(act) = self.acts.last_mut() {
            act.to_s = now;
        }
    }

    /// A fault was injected.
    pub(super) fn injected(&mut self, kind: &str, name: &str) {
        let (kind, name) = (kind.to_owned(), name.to_owned());
        self.faults.push(Fault { name, kind, from_s: self.seconds(), to_s: None });
    }

    /// A fault has recovered.
    pub(super) fn recovered(&mut self, name: &str) {
        let now = self.seconds();
        for fault in
            self.faults.iter_mut().filter(|fault| fault.name == name && fault.to_s.is_none())
        {
            fault.to_s = Some(now);
        }
    }

    /// Whether every promise of the tale was kept.
    pub(super) fn is_kept(&self, tale: &Tale) -> bool {
        let promised: usize = tale.acts.iter().map(|act| act.promises.len()).sum();
        let kept = self.promises.iter().filter(|promise| promise.outcome == Outcome::Kept);
        kept.count() == promised
    }

    /// A promise came to its end.
    pub(super) fn promise(
        &mut self,
        act: &story::Act,
        promise: &promises::Promise,
        took: Duration,
        ending: &Ending,
    ) {
        self.promises.push(line(act, promise, took, ending.outcome, &ending.observed));
        if let Some(verdict) = &ending.verdict {
            self.gates.push(GateResult {
                act: act.act.clone(),
                verdict: verdict.outcome.word().to_owned(),
                text: verdict.to_text(slo::gate::Style::Plain),
            });
        }
    }

    /// The report, with the promises that nobody got to, so that it lists all of them.
    pub(super) fn report(mut self, tale: &Tale, options: &Options, evidence: Evidence) -> Report {
        let all =
            tale.acts.iter().flat_map(|act| act.promises.iter().map(move |promise| (act, promise)));
        for (act, promise) in all.skip(self.promises.len()) {
            self.promises.push(line(act, promise, Duration::ZERO, Outcome::NotReached, ""));
        }
        Report {
            tale: tale.name.clone(),
            title: tale.title.clone(),
            teller: tale.teller.clone(),
            stage: self.stage,
            clock: options.clock,
            verdict: Verdict::of(&self.promises),
            seconds: self.ended_s.unwrap_or_else(|| self.seconds()),
            started: rfc3339(self.epoch),
            seed: Some(options.seed),
            promises: self.promises,
            acts: self.acts,
            faults: self.faults,
            alerts: evidence.alerts,
            charts: evidence.charts,
            profiles: self.profiles,
            gates: self.gates,
            budgets: evidence.budgets,
            messages: evidence.messages,
            adapted: self.adapted,
            notes: self.notes,
        }
    }
}

fn line(
    act: &story::Act,
    promise: &promises::Promise,
    took: Duration,
    outcome: Outcome,
    observed: &str,
) -> Promise {
    Promise {
        act: act.act.clone(),
        kind: promise.kind.key().to_owned(),
        text: promise.text(),
        within_s: Some(promise.within().as_secs_f64()),
        took_s: took.as_secs_f64(),
        outcome,
        observed: observed.to_owned(),
    }
}

/// Seconds since 1970 as `2026-01-31T23:59:59Z`.
fn rfc3339(seconds: f64) -> String {
    jiff::Timestamp::from_second(seconds as i64)
        .map_or_else(|_| String::new(), |time| time.to_string())
}
