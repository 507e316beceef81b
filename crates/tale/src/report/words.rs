//! The sentences that more than one renderer says.

use slo::Clock;
use stage::StageKind;

use super::units::{human, minutes, seconds};
use super::{Budget, Messages, Outcome, Promise, Report, Unit, Verdict};

impl Report {
    /// The promises with one outcome, in order.
    pub(super) fn with(&self, outcome: Outcome) -> impl Iterator<Item = &Promise> {
        let same = move |promise: &&Promise| promise.outcome == outcome;
        self.promises.iter().filter(same)
    }

    /// "9 of 11 promises kept".
    pub(super) fn score(&self) -> String {
        let kept = self.with(Outcome::Kept).count();
        match self.promises.len() {
            0 => "no promises judged".to_owned(),
            1 => format!("{kept} of 1 promise kept"),
            all => format!("{kept} of {all} promises kept"),
        }
    }

    /// The command that plays this performance again.
    pub(super) fn again(&self) -> String {
        let mut command = format!("./tale play {}", self.tale);
        if self.stage == StageKind::Cluster {
            command += " --on cluster";
        }
        if self.stage == StageKind::Local && self.clock == Clock::Real {
            command += " --clock real";
        }
        if let Some(seed) = self.seed {
            command += &format!(" --seed {seed}");
        }
        command
    }

    /// Act names in the order of the story, each once, with those that were never reached at the
    /// end.
    pub(super) fn act_names(&self) -> Vec<&str> {
        let played = self.acts.iter().map(|act| act.name.as_str());
        let promised = self.promises.iter().map(|promise| promise.act.as_str());
        let mut names = Vec::new();
        for name in played.chain(promised) {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        names
    }
}

impl Budget {
    /// Objective, target, whole budget, and what is spent of it.
    pub(super) fn cells(&self) -> [String; 4] {
        let spent = self.spent_minutes.map_or_else(
            || "unknown".to_owned(),
            |spent| {
                let share = human(Unit::Ratio, spent / self.minutes);
                format!("{} ({share})", minutes(spent))
            },
        );
        [
            self.objective.clone(),
            human(Unit::Ratio, self.target),
            format!("{} in {} days", minutes(self.minutes), self.days),
            spent,
        ]
    }
}

impl Messages {
    /// Receiver, channel, alarms, and what said that they are over.
    pub(super) fn cells(&self) -> [String; 4] {
        let (receiver, channel) = (self.receiver.clone(), self.channel.clone());
        [receiver, channel, self.firing.to_string(), self.resolved.to_string()]
    }
}

impl Verdict {
    /// One word, as in `report.json`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Kept => "kept",
            Self::Broken => "broken",
            Self::Undecided => "undecided",
        }
    }

    /// What the banner says.
    pub(super) fn headline(self) -> &'static str {
        match self {
            Self::Kept => "Promises kept",
            Self::Broken => "Promise broken",
            Self::Undecided => "Undecided",
        }
    }
}

impl Outcome {
    /// In words.
    pub fn word(self) -> &'static str {
        match self {
            Self::Kept => "kept",
            Self::Broken => "broken",
            Self::Undecided => "undecided",
            Self::NotReached => "not reached",
        }
    }

    /// One character, for tables and lists.
    pub(super) fn sign(self) -> &'static str {
        match self {
            Self::Kept => "✓",
            Self::Broken => "✗",
            Self::Undecided => "?",
            Self::NotReached => "–",
        }
    }
}

impl Promise {
    /// "3.7 s of 10 s", "3.7 s" without a deadline, "–" if never reached.
    pub(super) fn pace(&self) -> String {
        match (self.outcome, self.within_s) {
            (Outcome::NotReached, _) => "–".to_owned(),
            (_, Some(within)) => format!("{} of {}", seconds(self.took_s), seconds(within)),
            (_, None) => seconds(self.took_s),
        }
    }
}
