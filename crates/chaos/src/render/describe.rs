//! `describe`: everything about one object, with its events.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::Value;

use super::table::{Table, age};
use crate::document::API_VERSION;
use crate::snapshot::{
    ChaosStatus, CheckOutcome, CheckRecord, Condition, NodePhase, NodeStatus, Object, Operation,
    Record, RecordEventType, ScheduleStatus, Snapshot, Status, StatusCheckStatus, WorkflowStatus,
};

/// Depth of a nested line, in blanks, and the width of a label.
const INDENT: usize = 2;
const LABEL: usize = 14;

/// The object as `kubectl describe` shows it: metadata, spec, status, events. The mechanism is an
/// addition of ours: whoever reads the result has to see what a stage without privileges does in
/// place of a cluster.
#[must_use]
pub fn describe(snapshot: &Snapshot, object: &Object) -> String {
    let mut text = Lines::default();
    text.line(0, "Name:", &object.metadata.name);
    text.line(0, "Namespace:", &object.metadata.namespace);
    text.line(0, "Labels:", &pairs(&object.metadata.labels));
    text.line(0, "Annotations:", &pairs(&object.metadata.annotations));
    text.line(0, "API Version:", API_VERSION);
    text.line(0, "Kind:", &object.kind);
    text.line(0, "Created:", &object.creation_timestamp.to_string());
    if let Some(deleted) = object.deletion_timestamp {
        text.line(0, "Deleted:", &format!("{deleted} (waiting for recovery)"));
    }
    if let Some(owner) = &object.owner {
        text.line(0, "Owner:", &format!("{}/{}", owner.kind, owner.name));
    }
    text.line(0, "Spec:", "");
    text.spec(1, &object.spec);
    if !object.mechanism.is_empty() {
        text.line(0, "Mechanism:", "");
        object.mechanism.split("; ").for_each(|part| text.line(1, part, ""));
    }
    text.line(0, "Status:", "");
    match &object.status {
        Status::Experiment(status) => text.experiment(status),
        Status::Schedule(status) => text.schedule(status),
        Status::Workflow(status) => text.workflow(status),
        Status::StatusCheck(status) => text.status_check(status),
    }
    text.0 + "Events:\n" + &events(snapshot, object)
}

/// Lines of a label and a value.
#[derive(Default)]
struct Lines(String);

impl Lines {
    fn line(&mut self, depth: usize, label: &str, value: &str) {
        let line = format!("{:indent$}{label:<LABEL$}{value}", "", indent = depth * INDENT);
        self.0.push_str(line.trim_end());
        self.0.push('\n');
    }

    fn spec(&mut self, depth: usize, value: &Value) {
        for (key, value) in value.as_object().into_iter().flatten() {
            let label = format!("{key}: ");
            match value {
                Value::Object(_) => {
                    self.line(depth, &label, "");
                    self.spec(depth + 1, value);
                }
                Value::Array(items) if items.iter().any(Value::is_object) => {
                    self.line(depth, &label, "");
                    for item in items {
                        self.line(depth + 1, "-", "");
                        self.spec(depth + 2, item);
                    }
                }
                Value::String(text) => self.line(depth, &label, text),
                Value::Null => {}
                other => self.line(depth, &label, &other.to_string()),
            }
        }
    }

    fn experiment(&mut self, status: &ChaosStatus) {
        self.conditions(&status.conditions);
        let desired = status.experiment.desired_phase;
        let desired = desired.map_or("<none>".to_owned(), |phase| format!("{phase:?}"));
        self.line(1, "Desired phase: ", &desired);
        self.line(1, "Records:", "");
        for record in &status.experiment.container_records {
            self.record(record);
        }
    }

    fn record(&mut self, record: &Record) {
        let Record { phase, injected_count, recovered_count, .. } = record;
        let counts = format!("  {phase} (injected {injected_count}, recovered {recovered_count})");
        self.line(2, &record.id, &counts);
        let last = record.events.last();
        if let Some(failed) = last.filter(|event| event.kind == RecordEventType::Failed) {
            let operation = match failed.operation {
                Operation::Apply => "apply",
                Operation::Recover => "recover",
            };
            let attempt = format!(" to {operation} failed: {}", failed.message);
            self.line(3, "last attempt:", &attempt);
        }
    }

    fn schedule(&mut self, status: &ScheduleStatus) {
        self.line(1, "Last run:", &time(status.time));
        self.line(1, "Active:", &status.active.join(", "));
    }

    fn workflow(&mut self, status: &WorkflowStatus) {
        self.conditions(&status.conditions);
        self.line(1, "Started:", &time(status.start_time));
        self.line(1, "Ended:", &time(status.end_time));
        self.line(1, "Steps:", "");
        status.nodes.iter().for_each(|node| self.node(node));
    }

    fn node(&mut self, node: &NodeStatus) {
        let mut about = format!("  {} {:?}", node.kind, node.phase);
        if !node.reason.is_empty() {
            about.push_str(&format!(" ({})", node.reason));
        }
        if let Some(deadline) = node.deadline.filter(|_| node.phase == NodePhase::Running) {
            about.push_str(&format!(", until {deadline}"));
        }
        if let Some(resource) = &node.resource {
            about.push_str(&format!(", made {resource}"));
        }
        self.line(2 + node.depth, &node.name, &about);
        if !node.mechanism.is_empty() {
            self.line(3 + node.depth, &node.mechanism, "");
        }
    }

    fn status_check(&mut self, status: &StatusCheckStatus) {
        self.conditions(&status.conditions);
        let good = |record: &&CheckRecord| record.outcome == CheckOutcome::Success;
        let (latest, good) = (status.records.len(), status.records.iter().filter(good).count());
        let answers = format!("{} ({good} of the last {latest} good)", status.count);
        self.line(1, "Answers:", &answers);
    }

    fn conditions(&mut self, conditions: &[Condition]) {
        self.line(1, "Conditions:", "");
        for condition in conditions {
            let status = if condition.status { "True" } else { "False" };
            let reason = condition.reason.as_ref().filter(|reason| !reason.is_empty());
            let reason = reason.map_or(String::new(), |reason| format!(" ({reason})"));
            self.line(2, &condition.kind, &format!(" {status}{reason}"));
        }
    }
}

fn pairs(map: &BTreeMap<String, String>) -> String {
    if map.is_empty() {
        "<none>".to_owned()
    } else {
        map.iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join(", ")
    }
}

fn time(time: Option<Timestamp>) -> String {
    time.map_or("<none>".to_owned(), |time| time.to_string())
}

fn events(snapshot: &Snapshot, object: &Object) -> String {
    let mut table = Table::new(["  Type", "Reason", "Age", "From", "Message"]);
    table.row(["  ----", "------", "----", "----", "-------"].map(str::to_owned));
    for event in snapshot.events_of(object) {
        let last = age(event.last_timestamp, snapshot.now);
        let when = if event.count > 1 {
            format!("{last} (x{} over {})", event.count, age(event.first_timestamp, snapshot.now))
        } else {
            last
        };
        table.row([
            format!("  {:?}", event.severity),
            event.reason.clone(),
            when,
            event.source.clone(),
            event.message.clone(),
        ]);
    }
    table.to_string()
}
