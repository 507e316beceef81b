//! How many pulls are left, and for whom.
//!
//! *Lesson: a limit that nobody sees is found out by whoever is over it.* Who pulls is told what is
//! left with every answer; who asks without pulling (HEAD) is told the same, and pays nothing. The
//! rest is what Docker has changed more than once, and does not document: configuration.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError, RwLock};
use std::time::{Duration, Instant};

use crate::source::Source;

/// Sources that are remembered at a time. Beyond it the one that has spent least is forgotten.
const MAX_SOURCES: usize = 10_000;

/// How pulls come back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refill {
    /// All at once, a window after the first one.
    Window,
    /// One by one, each a part of the window after it was spent.
    Bucket,
}

/// What a limit is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Pulls in a window, for those who are not known by name. None: no limit.
    pub limit: Option<u64>,
    /// How long it is.
    pub window: Duration,
    /// How they come back.
    pub refill: Refill,
    /// Whether who is refused pays for it.
    pub refusals_count: bool,
}

/// What a source is told.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Standing {
    /// Pulls in a window.
    pub limit: u64,
    /// Of them left.
    pub remaining: u64,
    /// The window.
    pub window: Duration,
    /// Until there is one more.
    pub next: Duration,
}

/// Counts pulls.
pub struct Limiter {
    rule: RwLock<Rule>,
    spent: Mutex<HashMap<Source, Spent>>,
}

struct Spent {
    /// Pulls, less what has come back.
    pulls: f64,
    /// Of a window its beginning, of a bucket the last look.
    since: Instant,
}

impl Limiter {
    /// By this rule.
    pub fn new(rule: Rule) -> Self {
        Self { rule: RwLock::new(rule), spent: Mutex::default() }
    }

    /// The rule.
    pub fn rule(&self) -> Rule {
        *self.rule.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on.
    pub fn set_rule(&self, rule: Rule) {
        *self.rule.write().unwrap_or_else(PoisonError::into_inner) = rule;
    }

    /// Everybody begins anew.
    pub fn reset(&self) {
        self.spent().clear();
    }

    /// Who has spent something, and how he stands.
    pub fn sources(&self, now: Instant) -> Vec<(Source, Option<Standing>)> {
        let sources: Vec<Source> = self.spent().keys().cloned().collect();
        sources.into_iter().map(|source| (source.clone(), self.look(&source, now))).collect()
    }

    /// How a source stands; none if it has no limit.
    pub fn look(&self, source: &Source, now: Instant) -> Option<Standing> {
        let rule = self.rule();
        let limit = source.limit(rule.limit)?;
        let mut spent = self.spent();
        let pulls = spent.get_mut(source).map_or(0.0, |spent| spent.at(now, limit, rule));
        let since = spent.get(source).map_or(now, |spent| spent.since);
        Some(standing(limit, pulls, since, now, rule))
    }

    /// Spends a pull.
    ///
    /// # Errors
    /// There is none left.
    pub fn take(&self, source: &Source, now: Instant) -> Result<Option<Standing>, Standing> {
        let rule = self.rule();
        let Some(limit) = source.limit(rule.limit) else { return Ok(None) };
        let mut all = self.spent();
        make_room(&mut all, source, now, rule);
        let spent = all.entry(source.clone()).or_insert(Spent { pulls: 0.0, since: now });
        let pulls = spent.at(now, limit, rule);
        let is_left = pulls + 1.0 <= limit as f64;
        if is_left || rule.refusals_count {
            if pulls == 0.0 {
                spent.since = now;
            }
            spent.pulls = pulls + 1.0;
        }
        let standing = standing(limit, spent.pulls, spent.since, now, rule);
        if is_left { Ok(Some(standing)) } else { Err(standing) }
    }

    fn spent(&self) -> MutexGuard<'_, HashMap<Source, Spent>> {
        self.spent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Spent {
    /// What is spent now.
    fn at(&mut self, now: Instant, limit: u64, rule: Rule) -> f64 {
        let passed = now.saturating_duration_since(self.since);
        match rule.refill {
            Refill::Window if passed >= rule.window => (self.pulls, self.since) = (0.0, now),
            Refill::Window => {}
            Refill::Bucket => {
                let back = passed.as_secs_f64() / rule.window.as_secs_f64() * limit as f64;
                (self.pulls, self.since) = ((self.pulls - back).max(0.0), now);
            }
        }
        self.pulls
    }
}

fn standing(limit: u64, pulls: f64, since: Instant, now: Instant, rule: Rule) -> Standing {
    let Rule { window, refill, .. } = rule;
    let remaining = (limit as f64 - pulls).max(0.0).floor() as u64;
    let next = match refill {
        _ if remaining > 0 => Duration::ZERO,
        Refill::Window => (since + window).saturating_duration_since(now),
        Refill::Bucket if limit == 0 => window,
        Refill::Bucket => {
            let missing = pulls + 1.0 - limit as f64;
            window.mul_f64((missing / limit as f64).clamp(0.0, 1.0))
        }
    };
    Standing { limit, remaining, window, next }
}

fn make_room(all: &mut HashMap<Source, Spent>, source: &Source, now: Instant, rule: Rule) {
    if all.len() < MAX_SOURCES || all.contains_key(source) {
        return;
    }
    all.retain(|_, spent| now.saturating_duration_since(spent.since) < rule.window);
    if all.len() >= MAX_SOURCES {
        let least = all.iter().min_by(|(_, a), (_, b)| a.pulls.total_cmp(&b.pulls));
        if let Some(source) = least.map(|(source, _)| source.clone()) {
            all.remove(&source);
        }
    }
}

#[cfg(test)]
mod tests;
