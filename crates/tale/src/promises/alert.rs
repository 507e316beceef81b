//! `alert: NAME`: an alert of the tale is firing, resolved or inactive.

use std::fmt;

use anyhow::Result;
use schemars::JsonSchema;
use serde::Deserialize;

use super::look::Look;
use super::selector::Selector;
use super::{Known, PromiseKind, Sources};

/// An alert, in a state.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Alert {
    /// Its name; labels may narrow it down: `Name{severity="page"}`.
    alert: Selector,
    /// `firing` (default); `resolved`: it was firing in this play and is not any more; or
    /// `inactive`: it is neither pending nor firing.
    #[serde(default)]
    state: State,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum State {
    #[default]
    Firing,
    Resolved,
    Inactive,
}

impl fmt::Display for State {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Firing => "firing",
            Self::Resolved => "resolved",
            Self::Inactive => "inactive",
        })
    }
}

impl PromiseKind for Alert {
    fn check(&self, known: &Known) -> Result<()> {
        known.check_alert("alert", &self.alert)
    }

    fn text(&self) -> String {
        format!("{} is {}", self.alert, self.state)
    }

    async fn look(&self, sources: &Sources) -> Look {
        let series = match sources.prometheus.query(&self.alert.query(""), None).await {
            Ok(series) => series,
            Err(why) => return why.into(),
        };
        let count = |wanted: &str| {
            let states = series.iter().filter_map(|alert| alert.metric.get("alertstate"));
            states.filter(|state| *state == wanted).count()
        };
        let (firing, pending) = (count("firing"), count("pending"));
        match self.state {
            State::Firing if firing > 0 => Look::holds(format!("{firing} firing")).alarming(),
            State::Firing if pending > 0 => Look::not_yet("pending"),
            State::Firing => Look::not_yet("not firing"),
            State::Resolved | State::Inactive if firing > 0 => {
                Look::not_yet(format!("{firing} still firing"))
            }
            State::Inactive if pending > 0 => Look::not_yet(format!("{pending} pending")),
            State::Resolved | State::Inactive if !sources.has_data().await => {
                Look::unknown("no pod is scraped")
            }
            State::Resolved => self.resolved(sources).await,
            State::Inactive => Look::holds("not firing"),
        }
    }
}

impl Alert {
    /// It does not fire now; only what has fired in this play can have resolved.
    async fn resolved(&self, sources: &Sources) -> Look {
        let seconds = sources.started.elapsed().as_secs() + 1;
        let fired =
            format!("count_over_time({}[{seconds}s])", self.alert.query("alertstate=\"firing\""));
        match sources.prometheus.query(&fired, None).await {
            Ok(series) if series.is_empty() => Look::not_yet("it has not fired in this play"),
            Ok(_) => Look::holds("none firing"),
            Err(why) => why.into(),
        }
    }
}
