//! The window table: which pairs of windows alert at which burn rate.
//!
//! A pair fires when both its windows burn the error budget faster than `factor`. The long window
//! says that the burn matters, the short one that it is still going on. The factor is the share of
//! the period's budget that the long window may spend: `factor = share x period / long`.

use crate::decimal::Decimal;
use crate::period::Period;

/// How urgent an alert is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Urgency {
    /// Wake somebody.
    Page,
    /// Look at it in the morning.
    Ticket,
}

impl Urgency {
    /// The value of the label `severity`.
    pub fn label(self) -> &'static str {
        match self {
            Self::Page => "page",
            Self::Ticket => "ticket",
        }
    }
}

/// One row of the table.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pair {
    /// How urgent its alert is.
    pub urgency: Urgency,
    /// Nominal short window.
    pub short: Period,
    /// Nominal long window.
    pub long: Period,
    /// The burn rate above which the pair fires, rounded to four digits.
    pub factor: Decimal,
}

impl Pair {
    /// The error ratio above which the pair fires; one of 1 or more is never reached.
    pub fn threshold(&self, target: Decimal) -> f64 {
        self.factor.to_f64() * target.one_minus().to_f64()
    }
}

/// Urgency, short and long window, and the budget share in thousandths for long and for short
/// periods.
const TABLE: [(Urgency, Period, Period, u64, u64); 4] = [
    (Urgency::Page, Period::minutes(5), Period::hours(1), 20, 80),
    (Urgency::Page, Period::minutes(30), Period::hours(6), 50, 125),
    (Urgency::Ticket, Period::hours(2), Period::days(1), 100, 200),
    (Urgency::Ticket, Period::hours(6), Period::days(3), 100, 420),
];

/// The shortest period that uses the shares of a month (2, 5, 10 and 10 %); shorter ones use those
/// of a week (8, 12.5, 20 and 42 %), because 2 % of a week is spent by noise.
const MONTHLY_SHARES_FROM: Period = Period::days(14);

/// Below this burn rate a pair would fire while the budget lasts comfortably.
const LOWEST_FACTOR: f64 = 0.9;

/// The shortest period with an alert: an hour of 8 % of its budget is a burn rate of 0.9.
pub fn shortest_period() -> Period {
    (1..).map(Period::hours).find(|period| !pairs(*period).is_empty()).unwrap_or(Period::days(1))
}

/// The pairs for a period. Short periods lose the pairs that do not fit; below
/// [`shortest_period`] there are none.
///
/// Between the two tables the share of a ticket's pair may be less than what a burn of 1 spends in
/// its long window. It then fires at a burn of 1, if the period holds two such windows: a burn that
/// spends the whole budget must not go unnoticed until it is spent.
pub fn pairs(period: Period) -> Vec<Pair> {
    TABLE
        .into_iter()
        .filter_map(|(urgency, short, long, monthly, weekly)| {
            let share = if period >= MONTHLY_SHARES_FROM { monthly } else { weekly };
            let share = share as f64 / 1000.0 * period.ratio(long);
            let slow = share < LOWEST_FACTOR && urgency == Urgency::Ticket;
            let factor =
                if slow && 2 * long.as_millis() <= period.as_millis() { 1.0 } else { share };
            let factor = Decimal::from_f64((factor * 1e4).round() / 1e4)?;
            (long <= period && factor.to_f64() >= LOWEST_FACTOR).then_some(Pair {
                urgency,
                short,
                long,
                factor,
            })
        })
        .collect()
}

/// Seconds from the start of an outage to the alert of a pair, if everything was fine before and
/// the short window fires sooner; `None` if this error rate never fires it. Scrape and
/// evaluation intervals come on top.
pub fn detection_seconds(pair: &Pair, target: Decimal, error_rate: f64) -> Option<f64> {
    let threshold = pair.threshold(target);
    (error_rate > threshold).then(|| threshold * pair.long.as_secs_f64() / error_rate)
}

/// Minutes of total outage that an objective allows in a period.
pub fn budget_minutes(target: Decimal, period: Period) -> f64 {
    target.one_minus().to_f64() * period.as_secs_f64() / 60.0
}

#[cfg(test)]
mod tests;
