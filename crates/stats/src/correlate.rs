//! Which event goes together with the breach? Suspects in, a ranked list out. Correlation, not
//! cause.

use std::collections::BTreeMap;

use serde::Serialize;

/// Something that happened, perhaps repeatedly: an experiment, a rollout, another alert.
#[derive(Debug, Clone, PartialEq)]
pub struct Suspect {
    /// Name for people.
    pub name: String,
    /// Start and end of each occurrence, in seconds.
    pub occurrences: Vec<(f64, f64)>,
    /// What it was aimed at, e.g. `namespace` and `service`.
    pub labels: BTreeMap<String, String>,
}

/// What went wrong, in equal steps of time.
#[derive(Debug, Clone, PartialEq)]
pub struct Breach {
    /// Time of the first step in seconds.
    pub start: f64,
    /// Length of a step in seconds, above zero.
    pub step: f64,
    /// True where the objective was breached; at most some ten thousand steps.
    pub breached: Vec<bool>,
    /// Whose objective it was.
    pub labels: BTreeMap<String, String>,
}

/// How effects follow causes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CorrelateSettings {
    /// An effect may outlast its cause by this many seconds.
    pub recovery_seconds: f64,
    /// An effect may follow its cause by at most this many seconds.
    pub longest_lag_seconds: f64,
}

impl Default for CorrelateSettings {
    fn default() -> Self {
        Self { recovery_seconds: 15.0, longest_lag_seconds: 60.0 }
    }
}

/// One suspect and everything that speaks for and against it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Suspicion {
    /// The suspect.
    pub name: String,
    /// What the list is sorted by, in [0, 1]; a mix of the components below.
    pub score: f64,
    /// Share of the event's time (with recovery) that was breached.
    pub precision: f64,
    /// Share of the breached time that the event (with recovery) covers.
    pub recall: f64,
    /// Largest correlation of event and breach over all lags.
    pub correlation: f64,
    /// Mean seconds from the event to the onset of a breach, where one followed in time.
    pub lag_seconds: Option<f64>,
    /// Share of the suspect's labels that the breach has, too.
    pub label_match: f64,
    /// Probability of such an overlap if the schedule were shifted at random, Holm-corrected over
    /// all suspects.
    pub p: f64,
}

/// Printed with every list.
pub const CORRELATION_NOT_CAUSE: &str =
    "Correlation, not cause: check the first suspect, do not convict it.";

/// Ranks the suspects, the likeliest first; ties keep the given order.
pub fn correlate(
    breach: &Breach,
    suspects: &[Suspect],
    settings: &CorrelateSettings,
) -> Vec<Suspicion> {
    let mut found: Vec<_> =
        suspects.iter().map(|suspect| suspicion(breach, suspect, settings)).collect();
    holm(&mut found);
    found.sort_by(|a, b| b.score.total_cmp(&a.score));
    found
}

fn suspicion(breach: &Breach, suspect: &Suspect, settings: &CorrelateSettings) -> Suspicion {
    let active = mask(breach, &suspect.occurrences, 0.0);
    let effective = mask(breach, &suspect.occurrences, settings.recovery_seconds);
    let count = |mask: &[bool]| mask.iter().filter(|set| **set).count() as f64;
    let both = overlap(&effective, &breach.breached) as f64;
    let (events, bad) = (count(&effective), count(&breach.breached));
    let share = |part: f64, whole: f64| if whole > 0.0 { part / whole } else { 0.0 };
    let (precision, recall) = (share(both, events), share(both, bad));
    let lags = (settings.longest_lag_seconds / breach.step).floor().max(0.0) as usize;
    let lags = lags.min(breach.breached.len().saturating_sub(1));
    let correlation = (0..=lags).map(|lag| phi(&active, &breach.breached, lag)).fold(0.0, f64::max);
    let lag_seconds = onset_lag(breach, suspect, settings.longest_lag_seconds);
    let promptness =
        lag_seconds.map_or(0.0, |lag| 1.0 - lag / settings.longest_lag_seconds.max(breach.step));
    let label_match = label_match(breach, suspect);
    let f1 = share(2.0 * precision * recall, precision + recall);
    Suspicion {
        name: suspect.name.clone(),
        score: 0.45 * f1 + 0.35 * correlation + 0.1 * promptness + 0.1 * label_match,
        precision,
        recall,
        correlation,
        lag_seconds,
        label_match,
        p: permutation_p(&effective, &breach.breached),
    }
}

/// Which steps any occurrence covers, each prolonged by `tail` seconds.
fn mask(breach: &Breach, occurrences: &[(f64, f64)], tail: f64) -> Vec<bool> {
    (0..breach.breached.len())
        .map(|index| {
            let time = breach.start + breach.step * index as f64;
            occurrences.iter().any(|(start, end)| *start <= time && time < end + tail)
        })
        .collect()
}

/// Steps at which both are set.
fn overlap(a: &[bool], b: &[bool]) -> usize {
    a.iter().zip(b).filter(|(a, b)| **a && **b).count()
}

/// Phi coefficient of the event and the breach `lag` steps later.
fn phi(event: &[bool], breached: &[bool], lag: usize) -> f64 {
    let later = &breached[lag.min(breached.len())..];
    let n = later.len().min(event.len());
    if n == 0 {
        return 0.0;
    }
    let (event, later) = (&event[..n], &later[..n]);
    let total = n as f64;
    let count = |mask: &[bool]| mask.iter().filter(|set| **set).count() as f64;
    let (a, b, both) = (count(event), count(later), overlap(event, later) as f64);
    let spread = (a * (total - a) * b * (total - b)).sqrt();
    if spread > 0.0 { (total * both - a * b) / spread } else { 0.0 }
}

/// Mean time from an occurrence to the first onset of a breach behind it, over the occurrences that
/// have one in time.
fn onset_lag(breach: &Breach, suspect: &Suspect, longest: f64) -> Option<f64> {
    let before = [false].iter().chain(&breach.breached);
    let onsets: Vec<f64> = before
        .zip(&breach.breached)
        .enumerate()
        .filter(|(_, (before, now))| **now && !**before)
        .map(|(index, _)| breach.start + breach.step * index as f64)
        .collect();
    let lags: Vec<f64> = suspect
        .occurrences
        .iter()
        .filter_map(|(start, _)| {
            let lag = onsets.iter().map(|onset| onset - start).find(|lag| *lag >= 0.0)?;
            (lag <= longest).then_some(lag)
        })
        .collect();
    (!lags.is_empty()).then(|| lags.iter().sum::<f64>() / lags.len() as f64)
}

fn label_match(breach: &Breach, suspect: &Suspect) -> f64 {
    let same =
        suspect.labels.iter().filter(|(key, value)| breach.labels.get(*key) == Some(value)).count();
    if suspect.labels.is_empty() { 0.0 } else { same as f64 / suspect.labels.len() as f64 }
}

/// How often a schedule that is shifted around the clock overlaps the breach as much as the real
/// one does. Shifting keeps the rhythm of both, which shuffling single steps would destroy. All
/// shifts are tried, up to a thousand.
fn permutation_p(event: &[bool], breached: &[bool]) -> f64 {
    let n = breached.len();
    let real = overlap(event, breached);
    if n < 2 || real == 0 {
        return 1.0;
    }
    let active: Vec<usize> = (0..n).filter(|index| event[*index]).collect();
    let shifted =
        |shift: usize| active.iter().filter(|index| breached[(**index + shift) % n]).count();
    let stride = n.div_ceil(1000);
    let (mut as_good, mut all) = (1usize, 1usize);
    for shift in (1..n).step_by(stride) {
        all += 1;
        as_good += usize::from(shifted(shift) >= real);
    }
    as_good as f64 / all as f64
}

/// Holm's correction: the smallest p-value is multiplied by the number of suspects, the next by one
/// less, and so on.
fn holm(found: &mut [Suspicion]) {
    let mut order: Vec<usize> = (0..found.len()).collect();
    order.sort_by(|a, b| found[*a].p.total_cmp(&found[*b].p));
    let mut floor = 0.0f64;
    for (rank, index) in order.iter().enumerate() {
        let corrected = found[*index].p * (found.len() - rank) as f64;
        floor = floor.max(corrected.min(1.0));
        found[*index].p = floor;
    }
}

#[cfg(test)]
mod tests;
