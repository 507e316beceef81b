//! What was found, as metrics that exist only while there is something to say.
//!
//! *Lesson: never a fake 0.* A registry without a limit has nothing left to count, and one that
//! does not answer has said nothing; a 0 in either place wakes somebody up, and the next time he
//! does not get up. What is known is a state of its own.

use oci::ratelimit::Limit;
use prometheus::core::{Collector, Desc};
use prometheus::proto::MetricFamily;
use prometheus::{GaugeVec, Opts};

use crate::finding::{Finding, Latest, Said, State};
use crate::metrics::{
    LAST_SUCCESS, LEGACY_LIMIT, LEGACY_REMAINING, LIMIT, PROBE_FAILURE, PROBE_SUCCESS, REMAINING,
    SOURCE, STATE, WINDOW,
};

/// Under which names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Names {
    /// Ours.
    Own,
    /// Ours, and those of before.
    Legacy,
}

/// Shows the latest findings at each scrape.
pub struct Findings {
    latest: Latest,
    names: Names,
    descriptions: Vec<Desc>,
}

/// The gauges of one scrape.
struct Gauges {
    limit: GaugeVec,
    remaining: GaugeVec,
    window: GaugeVec,
    source: GaugeVec,
    state: GaugeVec,
    success: GaugeVec,
    failure: GaugeVec,
    last_success: GaugeVec,
    legacy: Vec<GaugeVec>,
}

impl Gauges {
    fn new(names: Names) -> Result<Self, prometheus::Error> {
        let vec = |name: &str, help: &str, more: &[&str]| {
            GaugeVec::new(Opts::new(name, help), &[&["registry", "account"], more].concat())
        };
        let (limit, remaining) = ("Pulls in a window.", "Pulls that are left.");
        let legacy = match names {
            Names::Own => vec![],
            Names::Legacy => {
                vec![vec(LEGACY_LIMIT, limit, &[])?, vec(LEGACY_REMAINING, remaining, &[])?]
            }
        };
        Ok(Self {
            limit: vec(LIMIT, limit, &[])?,
            remaining: vec(REMAINING, remaining, &[])?,
            window: vec(WINDOW, "Seconds of a window.", &[])?,
            source: vec(SOURCE, "1, with whose pulls are counted.", &["source"])?,
            state: vec(STATE, "1 for what is known.", &["state"])?,
            success: vec(PROBE_SUCCESS, "1 if there was an answer.", &[])?,
            failure: vec(PROBE_FAILURE, "1 for why there was none.", &["reason"])?,
            last_success: vec(LAST_SUCCESS, "Unix time of the last answer.", &[])?,
            legacy,
        })
    }

    fn collectors(&self) -> Vec<&dyn Collector> {
        let own: [&dyn Collector; 8] = [
            &self.limit,
            &self.remaining,
            &self.window,
            &self.source,
            &self.state,
            &self.success,
            &self.failure,
            &self.last_success,
        ];
        let legacy = self.legacy.iter().map(|gauge| gauge as &dyn Collector);
        own.into_iter().chain(legacy).collect()
    }

    fn set(&self, finding: &Finding) {
        let of = finding.labels.each_ref().map(String::as_str);
        let set = |gauge: &GaugeVec, more: &[&str], value: f64| {
            gauge.with_label_values(&[&of, more].concat()).set(value);
        };
        let is = |holds: bool| f64::from(u8::from(holds));
        for state in State::ALL {
            set(&self.state, &[state.label()], is(state == finding.state()));
        }
        set(&self.success, &[], is(finding.said.is_ok()));
        if let Some(time) = finding.last_success {
            set(&self.last_success, &[], time);
        }
        let Said { limit, source } = match &finding.said {
            Ok(said) => said,
            Err(why) => return set(&self.failure, &[why.label()], 1.0),
        };
        if let Some(source) = source {
            set(&self.source, &[source], 1.0);
        }
        if let Limit::Limited { limit, remaining, window_seconds } = *limit {
            let counts = [limit as f64, remaining as f64];
            set(&self.limit, &[], counts[0]);
            set(&self.remaining, &[], counts[1]);
            for (gauge, value) in self.legacy.iter().zip(counts) {
                set(gauge, &[], value);
            }
            if let Some(seconds) = window_seconds {
                set(&self.window, &[], seconds as f64);
            }
        }
    }
}

impl Findings {
    /// Shows what `latest` holds.
    ///
    /// # Errors
    /// A mistake in the names.
    pub fn new(latest: Latest, names: Names) -> Result<Self, prometheus::Error> {
        let gauges = Gauges::new(names)?;
        let descriptions = gauges.collectors().into_iter().flat_map(Collector::desc).cloned();
        Ok(Self { latest, names, descriptions: descriptions.collect() })
    }
}

impl Collector for Findings {
    fn desc(&self) -> Vec<&Desc> {
        self.descriptions.iter().collect()
    }

    fn collect(&self) -> Vec<MetricFamily> {
        let Ok(gauges) = Gauges::new(self.names) else { return Vec::new() };
        let findings = self.latest.read().unwrap_or_else(|poisoned| poisoned.into_inner());
        findings.iter().for_each(|finding| gauges.set(finding));
        let families = gauges.collectors().into_iter().flat_map(Collector::collect);
        families.filter(|family| !family.get_metric().is_empty()).collect()
    }
}
