//! `budget: SLO/OBJECTIVE`: so much of an error budget is spent.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use anyhow::Result;
use schemars::JsonSchema;
use serde::Deserialize;

use super::look::Look;
use super::{Known, Length, PromiseKind, Sources};
use crate::budget;

/// How much of an error budget is spent, in minutes of production time.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Budget {
    /// The objective, as `slo/objective`.
    budget: String,
    /// How much of its budget, in production time: `> 5m` or `< 1m`.
    spent: Spent,
}

impl PromiseKind for Budget {
    fn check(&self, known: &Known) -> Result<()> {
        known.check_budget("budget", &self.budget)
    }

    fn text(&self) -> String {
        format!("of the error budget of {} {} is spent", self.budget, self.spent)
    }

    async fn look(&self, sources: &Sources) -> Look {
        let Some(budget) = sources.known.budget(&self.budget) else {
            return Look::hopeless(format!("no objective is called {}", self.budget));
        };
        match budget::spent_minutes(budget, &sources.prometheus).await {
            Ok(None) => Look::unknown("nothing is recorded yet"),
            Ok(Some(spent)) => {
                let limit = self.spent;
                let sign = if limit.more { '>' } else { '<' };
                let observed = format!(
                    "{spent:.1} of {:.1} min (wanted {sign} {} min)",
                    budget.minutes(),
                    limit.than.as_secs_f64() / 60.0
                );
                if self.spent.holds(spent) {
                    Look::holds(observed)
                } else {
                    Look::not_yet(observed)
                }
            }
            Err(why) => why.into(),
        }
    }
}

/// A comparison with a length of production time: `> 5m`, `< 1m`.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(try_from = "String")]
struct Spent {
    more: bool,
    than: Duration,
}

impl Spent {
    /// Whether so many minutes are as many as the tale says.
    fn holds(self, minutes: f64) -> bool {
        let limit = self.than.as_secs_f64() / 60.0;
        if self.more { minutes > limit } else { minutes < limit }
    }
}

impl TryFrom<String> for Spent {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let refuse = || format!("`{text}` compares with nothing; write e.g. `> 5m` or `< 1m`");
        let (sign, length) = text.split_at_checked(1).ok_or_else(refuse)?;
        let more = match sign {
            ">" => true,
            "<" => false,
            _ => return Err(refuse()),
        };
        let Length(than) = Length::try_from(length.trim().to_owned())?;
        Ok(Self { more, than })
    }
}

impl fmt::Display for Spent {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = if self.more { "more" } else { "less" };
        let minutes = self.than.as_secs_f64() / 60.0;
        let unit = if minutes == 1.0 { "minute" } else { "minutes" };
        write!(out, "{word} than {minutes} {unit}")
    }
}

impl JsonSchema for Spent {
    fn schema_name() -> Cow<'static, str> {
        "Spent".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "description": "A comparison with a length of production time: > 5m or < 1m.",
            "pattern": "^[<>] *([0-9]+(\\.[0-9]+)?(s|m|h))+$"
        })
    }
}
