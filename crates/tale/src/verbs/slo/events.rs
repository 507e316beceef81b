//! Events: read from a file, and grouped into suspects.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use jiff::Timestamp;
use serde::Deserialize;
use stats::Suspect;

/// Something that happened once, in seconds since 1970.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Event {
    pub(super) name: String,
    /// `deploy`, `restart`, `DNSChaos` ...
    pub(super) kind: String,
    pub(super) start: f64,
    /// Equal to `start` for what took no time.
    pub(super) end: f64,
    /// What it was aimed at.
    pub(super) labels: BTreeMap<String, String>,
}

/// An event as written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    name: String,
    kind: String,
    start: Timestamp,
    end: Option<Timestamp>,
    #[serde(default)]
    labels: BTreeMap<String, String>,
}

/// Reads lines of JSON, or a YAML stream whose documents are events or lists of events.
///
/// # Errors
/// The file and the line or document that cannot be read, with the fields there are.
pub(super) fn read(path: &Path) -> Result<Vec<Event>> {
    let shown = path.display().to_string();
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {shown}"))?;
    parse(&shown, &text)
}

fn parse(file: &str, text: &str) -> Result<Vec<Event>> {
    const REMEDY: &str = "write {name: v2, kind: deploy, start: 2026-01-31T12:00:00Z}, with end and labels if they are known";
    let mut raw: Vec<(String, Raw)> = Vec::new();
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    if text.trim_start().starts_with('{') && lines.clone().all(|line| line.starts_with('{')) {
        for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            let place = format!("{file}: line {}", number + 1);
            // YAML is wider than JSON: keys without quotes are as clear.
            match serde_saphyr::from_str(line) {
                Ok(event) => raw.push((place, event)),
                Err(why) => bail!("{place}: {why}; {REMEDY}"),
            }
        }
    } else {
        let documents: Vec<serde_json::Value> = serde_saphyr::from_multiple(text)
            .map_err(|why| anyhow::anyhow!("{file}: {why}; {REMEDY}"))?;
        for (number, document) in documents.into_iter().enumerate() {
            let items = match document {
                serde_json::Value::Null => continue,
                serde_json::Value::Array(items) => items,
                event => vec![event],
            };
            for (index, item) in items.into_iter().enumerate() {
                let place = format!("{file}: document {}, event {}", number + 1, index + 1);
                match serde_json::from_value(item) {
                    Ok(event) => raw.push((place, event)),
                    Err(why) => bail!("{place}: {why}; {REMEDY}"),
                }
            }
        }
    }
    raw.into_iter().map(|(place, raw)| event(&place, raw)).collect()
}

fn event(place: &str, raw: Raw) -> Result<Event> {
    let start = seconds(raw.start);
    let end = raw.end.map_or(start, seconds);
    ensure!(end >= start, "{place}: end: it ends before it starts; swap start and end");
    Ok(Event { name: raw.name, kind: raw.kind, start, end, labels: raw.labels })
}

fn seconds(time: Timestamp) -> f64 {
    time.as_millisecond() as f64 / 1000.0
}

/// Events of one name and kind are one suspect; those outside of `from` to `to` are left out.
/// Events without a length are given `shortest`.
pub(super) fn suspects(events: &[Event], from: f64, to: f64, shortest: f64) -> Vec<Suspect> {
    let mut grouped: BTreeMap<String, Suspect> = BTreeMap::new();
    let inside = events.iter().filter(|event| event.start <= to && event.end >= from);
    for event in inside {
        let name = format!("{} {}", event.kind, event.name);
        let suspect = grouped.entry(name.clone()).or_insert_with(|| Suspect {
            name,
            occurrences: Vec::new(),
            labels: BTreeMap::new(),
        });
        let end = event.end.max(event.start + shortest);
        suspect.occurrences.push((event.start, end));
        suspect.labels.extend(event.labels.clone());
    }
    grouped.into_values().collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn lines_of_json_and_yaml_say_the_same() {
        let json = r#"{"name":"v2","kind":"deploy","start":"2026-01-31T12:00:00Z","labels":{"job":"shop"}}

{"name":"dns","kind":"chaos","start":"2026-01-31T12:00:00Z","end":"2026-01-31T12:01:00Z"}
"#;
        let yaml = "- {name: v2, kind: deploy, start: 2026-01-31T12:00:00Z, labels: {job: shop}}\n---\n\
                    name: dns\nkind: chaos\nstart: 2026-01-31T12:00:00Z\nend: 2026-01-31T12:01:00Z\n";
        let events = parse("e.jsonl", json).unwrap();
        assert_eq!(events, parse("e.yaml", yaml).unwrap());
        assert_eq!(events[0].end, events[0].start);
        assert_eq!(events[1].end, events[1].start + 60.0);
        assert_eq!(events[0].labels["job"], "shop");
    }

    #[test]
    fn a_mistake_is_reported_with_its_place() {
        for (text, wanted) in [
            (
                "{\"name\":\"a\",\"kind\":\"b\",\"start\":\"2026-01-31T12:00:00Z\"}\n{\"nam\":\"a\"}",
                "line 2",
            ),
            ("- {name: a, kind: b, start: yesterday}", "document 1, event 1"),
            ("- {name: a, kind: b, start: 2026-01-31T12:00:00Z, color: red}", "color"),
            (
                "- {name: a, kind: b, start: 2026-01-31T12:00:00Z, end: 2026-01-31T11:00:00Z}",
                "before it starts",
            ),
        ] {
            let why = parse("e", text).unwrap_err().to_string();
            assert!(why.contains(wanted), "{text}: {why}");
        }
    }

    #[test]
    fn what_happens_again_is_one_suspect() {
        let deploy = |start: f64| Event {
            name: "v2".to_owned(),
            kind: "deploy".to_owned(),
            start,
            end: start,
            labels: BTreeMap::new(),
        };
        let found = suspects(&[deploy(1.0), deploy(50.0), deploy(500.0)], 0.0, 100.0, 5.0);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].occurrences, [(1.0, 6.0), (50.0, 55.0)]);
    }

    proptest! {
        #[test]
        fn reading_events_never_panics(text in ".*") {
            let _ = parse("e", &text);
        }
    }
}
