//! One series of an answer.

use std::collections::BTreeMap;

use serde::Deserialize;

/// One series of an answer, with one value or a course.
#[derive(Debug, Clone, Deserialize)]
pub struct Series {
    /// Its labels.
    pub metric: BTreeMap<String, String>,
    /// An instant query's value: seconds since 1970 and a number as text.
    #[serde(default)]
    pub value: Option<(f64, String)>,
    /// A range query's values.
    #[serde(default)]
    pub values: Vec<(f64, String)>,
}

impl Series {
    /// The value of an instant query.
    pub fn number(&self) -> f64 {
        self.value.as_ref().and_then(|(_, text)| text.parse().ok()).unwrap_or(f64::NAN)
    }
}
