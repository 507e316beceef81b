//! Load profiles: which requests, and how many of them when. One YAML file each, read strictly.

use std::io::Read;

use serde::Deserialize;

use super::{
    body,
    field_error::FieldError,
    phase::Phase,
    request::Template,
    request_spec::RequestSpec,
    schedule::{Piece, Schedule},
};
use crate::{duration::LONGEST, options::Spread};

/// Larger than any profile.
const MOST_BYTES: u64 = 1 << 20;

/// The profiles that come with the program, by name.
pub(crate) const BUILT_IN: [(&str, &str); 6] = [
    ("constant", include_str!("../../profiles/constant.yaml")),
    ("poisson", include_str!("../../profiles/poisson.yaml")),
    ("pulls", include_str!("../../profiles/pulls.yaml")),
    ("ramp", include_str!("../../profiles/ramp.yaml")),
    ("spike", include_str!("../../profiles/spike.yaml")),
    ("step", include_str!("../../profiles/step.yaml")),
];

/// A profile file, as written.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Profile {
    /// What the profile is called in reports.
    pub(crate) name: String,
    /// What it is for, for people.
    #[serde(default)]
    pub(crate) about: String,
    /// How arrivals are spread.
    #[serde(default)]
    pub(crate) arrivals: Arrivals,
    /// One after the other.
    pub(crate) phases: Vec<Phase>,
    /// Which requests; without them, GET on the URL of the command line.
    #[serde(default)]
    pub(crate) requests: Vec<RequestSpec>,
}

/// How arrivals are spread over time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Arrivals {
    /// At even distances.
    #[default]
    Even,
    /// At random, each independent of the others, as users who know nothing of each other.
    Poisson,
}

impl From<Spread> for Arrivals {
    fn from(spread: Spread) -> Self {
        match spread {
            Spread::Even => Self::Even,
            Spread::Poisson => Self::Poisson,
        }
    }
}

/// A profile that cannot be used.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the messages say it")]
pub enum ProfileError {
    #[error("{file}: {source}; give the path of a profile, or one of the built-in ones: {built_in}; or hoard, slow-header, slow-read, half-open or fuzz, which have options of their own", built_in = built_in_names())]
    Unreadable { file: String, source: std::io::Error },
    #[error("{file}: {problem}; `load --help` describes the format")]
    Yaml { file: String, problem: String },
    #[error("{file}: {field}: {problem}; {remedy}")]
    Field { file: String, field: String, problem: String, remedy: &'static str },
}

pub(crate) fn built_in_names() -> String {
    BUILT_IN.map(|(name, _)| name).join(", ")
}

impl Profile {
    /// Reads a file, or a built-in profile if `source` is the name of one.
    ///
    /// # Errors
    /// The file cannot be read, is not YAML, has an unknown field, or a value that makes no sense.
    pub(crate) fn load(source: &str) -> Result<(Self, Schedule), ProfileError> {
        if let Some((name, text)) = BUILT_IN.into_iter().find(|(name, _)| *name == source) {
            return Self::parse(name, text);
        }
        let mut text = String::new();
        let read = body::regular(source)
            .and_then(|file| file.take(MOST_BYTES).read_to_string(&mut text))
            .map_err(|error| ProfileError::Unreadable { file: source.to_owned(), source: error })?;
        if read as u64 == MOST_BYTES {
            return Err(ProfileError::Yaml {
                file: source.to_owned(),
                problem: "longer than a profile ever is".to_owned(),
            });
        }
        Self::parse(source, &text)
    }

    /// Reads the text of a profile; `file` is for messages.
    ///
    /// # Errors
    /// As [`Profile::load`].
    pub(crate) fn parse(file: &str, text: &str) -> Result<(Self, Schedule), ProfileError> {
        let profile: Self = serde_saphyr::from_str(text).map_err(|error| ProfileError::Yaml {
            file: file.to_owned(),
            problem: error.to_string(),
        })?;
        let schedule = profile.check().map_err(|FieldError { field, problem, remedy }| {
            ProfileError::Field { file: file.to_owned(), field, problem, remedy }
        })?;
        Ok((profile, schedule))
    }

    fn check(&self) -> Result<Schedule, FieldError> {
        let mut pieces = Vec::new();
        for (index, phase) in self.phases.iter().enumerate() {
            phase.append_to(&mut pieces, &format!("phases[{index}]"))?;
        }
        for (index, request) in self.requests.iter().enumerate() {
            check_request(request, &format!("requests[{index}]"))?;
        }
        if !self.requests.is_empty() && self.requests.iter().all(|request| request.weight == 0) {
            return Err(FieldError::new(
                "requests",
                "all weights are 0",
                "give at least one request a weight of 1",
            ));
        }
        let seconds: f64 = pieces.iter().map(|piece: &Piece| piece.seconds).sum();
        if pieces.is_empty() {
            return Err(FieldError::new(
                "phases",
                "there are none",
                "add one, such as `- constant: {rate: 100, for: 30s}`",
            ));
        }
        if seconds > LONGEST.as_secs_f64() {
            return Err(FieldError::new(
                "phases",
                "together they last longer than a week",
                "shorten them",
            ));
        }
        Ok(Schedule::new(pieces))
    }
}

fn check_request(request: &RequestSpec, at: &str) -> Result<(), FieldError> {
    if !request.path.starts_with('/') {
        return Err(FieldError::new(
            &format!("{at}.path"),
            format!("`{}` does not start with a slash", request.path),
            "write it as /price/tea",
        ));
    }
    if request.weight > 1_000_000 {
        return Err(FieldError::new(
            &format!("{at}.weight"),
            format!("{} is too much", request.weight),
            "weights are relative: at most 1000000",
        ));
    }
    Template::check(request).map_err(|error| FieldError::new(at, error, "correct the request"))
}

#[cfg(test)]
mod tests;
