//! What happened when a tale was played, and how it is told.
//!
//! [`Report`] is plain data. Each renderer is a pure function from a report to text: [`json`] for
//! programs, [`html`] for the room, [`markdown`] for a merge request, [`junit`] for CI and [`svg`]
//! for the charts in them. Only [`write()`] touches the disk. Start with `model.rs`; the words that
//! several renderers share are in `words.rs`.

mod escape;
mod files;
mod flame;
mod html;
mod json;
mod junit;
mod markdown;
mod model;
mod svg;
mod units;
mod words;

pub use files::{LATEST, WriteError, Written, chart_file, discard, pack, prepare, write};
pub use html::html;
pub use json::{JsonError, SCHEMA, from_json, json};
pub use junit::junit;
pub use markdown::markdown;
pub use model::{
    Act, Alert, Budget, Chart, Fault, Frame, GateResult, Messages, Outcome, Profile, Promise,
    Report, Series, Threshold, Unit, Verdict,
};
pub use slo::Clock;
pub use stage::StageKind;
pub use svg::svg;
pub(crate) use units::human;
