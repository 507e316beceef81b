//! Synthetic history: samples of any time, as the OpenMetrics text that `promtool` turns into
//! blocks.

use std::fmt::Write;

/// Samples of several series.
#[derive(Debug, Default)]
pub struct History {
    text: String,
}

impl History {
    /// No samples yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a series, e.g. `up{job="shop"}`, with `(seconds since 1970, value)` samples in order of
    /// time.
    pub fn series(&mut self, series: &str, samples: impl IntoIterator<Item = (f64, f64)>) {
        for (time, value) in samples {
            let _ = writeln!(self.text, "{series} {value} {time}");
        }
    }

    /// The text, with its end mark.
    pub fn to_openmetrics(&self) -> String {
        format!("{}# EOF\n", self.text)
    }
}
