//! The report of a play in all its forms, made from small reports without a play.

mod chart;
mod colours;
mod files;
mod golden;
mod properties;
mod samples;

pub(crate) use samples::{promise, small};
pub(crate) use tale::report::{
    Act, Alert, Budget, Chart, Clock, Fault, Frame, GateResult, Messages, Outcome, Profile,
    Promise, Report, SCHEMA, Series, StageKind, Threshold, Unit, Verdict, chart_file, from_json,
    html, json, junit, markdown, svg, write,
};
