//! How much a pod may use: one number for all, or the limit that Prometheus knows for each.

use std::collections::BTreeMap;

use anyhow::{Result, bail};

use super::super::past::Past;

/// Labels that name what a limit is about. Its `job` and `instance` name the exporter.
const LIMITED: [&str; 3] = ["namespace", "pod", "container"];
/// Units of memory, as Kubernetes and people write them.
const UNITS: [(&str, f64); 12] = [
    ("KiB", 1024.0),
    ("MiB", 1_048_576.0),
    ("GiB", 1_073_741_824.0),
    ("Ki", 1024.0),
    ("Mi", 1_048_576.0),
    ("Gi", 1_073_741_824.0),
    ("kB", 1e3),
    ("MB", 1e6),
    ("GB", 1e9),
    ("k", 1e3),
    ("M", 1e6),
    ("G", 1e9),
];

/// The limits of all series.
pub(super) struct Limits(Vec<(BTreeMap<String, String>, f64)>);

impl Limits {
    pub(super) fn none() -> Self {
        Self(Vec::new())
    }

    /// A number of bytes, or a query.
    pub(super) async fn read(text: &str, past: &Past) -> Result<Self> {
        if let Some(bytes) = bytes(text) {
            return Ok(Self(vec![(BTreeMap::new(), bytes)]));
        }
        let series = match past.prometheus.query(text, Some(past.to)).await {
            Ok(series) => series,
            Err(why) => bail!("--limit {text}: neither bytes (64Mi) nor a query: {why}"),
        };
        let known = series.into_iter().map(|series| {
            let value = series.number();
            (series.metric, value)
        });
        let known: Vec<_> = known.filter(|(_, value)| value.is_finite()).collect();
        if known.is_empty() {
            bail!("--limit {text}: Prometheus knows no such limit; write bytes, e.g. 64Mi");
        }
        Ok(Self(known))
    }

    /// The limit of one series: its own, or one that names no pod.
    pub(super) fn find(&self, labels: &BTreeMap<String, String>) -> Option<f64> {
        let own = self.0.iter().find(|(limited, _)| same(labels, limited, &LIMITED));
        let general = || self.0.iter().find(|(limited, _)| !limited.contains_key("pod"));
        own.or_else(general).map(|(_, value)| *value)
    }
}

/// Do both sets of labels name the same process? They agree on all of `keys` that both have, and
/// have the pod or the instance in common.
pub(super) fn same(
    labels: &BTreeMap<String, String>,
    other: &BTreeMap<String, String>,
    keys: &[&str],
) -> bool {
    let shared: Vec<&&str> =
        keys.iter().filter(|key| labels.contains_key(**key) && other.contains_key(**key)).collect();
    shared.iter().all(|key| labels[**key] == other[**key])
        && shared.iter().any(|key| ["pod", "instance"].contains(*key))
}

fn bytes(text: &str) -> Option<f64> {
    let text = text.trim();
    let (number, factor) = UNITS
        .iter()
        .find_map(|(unit, factor)| Some((text.strip_suffix(unit)?, *factor)))
        .unwrap_or((text, 1.0));
    let number: f64 = number.trim().parse().ok()?;
    (number.is_finite() && number > 0.0).then_some(number * factor)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        let pairs = pairs.iter();
        pairs.map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn a_limit_is_bytes_in_the_units_of_kubernetes_and_of_people() {
        let read = ["64Mi", "67108864", "64 MiB", "1GB", "2k", "up", "-1", "NaN"].map(bytes);
        let mebi64 = Some(67_108_864.0);
        assert_eq!(read, [mebi64, mebi64, mebi64, Some(1e9), Some(2e3), None, None, None]);
    }

    #[test]
    fn a_pod_has_its_own_limit_and_not_that_of_another() {
        let limits = Limits(vec![(labels(&[("pod", "a"), ("instance", "exporter")]), 5.0)]);
        assert_eq!(limits.find(&labels(&[("pod", "a"), ("instance", "1:9000")])), Some(5.0));
        assert_eq!(limits.find(&labels(&[("pod", "b")])), None);
        let all = Limits(vec![(BTreeMap::new(), 7.0)]);
        assert_eq!(all.find(&labels(&[("pod", "b")])), Some(7.0));
    }
}
