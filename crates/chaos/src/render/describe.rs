//! `describe`: everything about one object, with its events.

use serde_json::Value;

use super::table::{Table, age};
use crate::snapshot::{
    ChaosStatus, CheckOutcome, Condition, NodePhase, Object, Operation, Phase, RecordEventType,
    ScheduleStatus, Snapshot, Status, StatusCheckStatus, WorkflowStatus,
};

/// The object as `kubectl describe` shows it: metadata, spec, status, events. The mechanism is
/// ours: what a stage without privileges does in place of a cluster has to be seen by whoever reads
/// the result.
#[must_use]
pub fn describe(snapshot: &Snapshot, object: &Object) -> String {
    let mut text = String::new();
    let mut line = |depth: usize, label: &str, value: &str| {
        let line = format!("{:depth$}{label:<width$}{value}", "", depth = depth * 2, width = 14);
        text.push_str(line.trim_end());
        text.push('\n');
    };
    line(0, "Name:", &object.metadata.name);
    line(0, "Namespace:", &object.metadata.namespace);
    line(0, "Labels:", &pairs(&object.metadata.labels));
    line(0, "Annotations:", &pairs(&object.metadata.annotations));
    line(0, "API Version:", crate::document::API_VERSION);
    line(0, "Kind:", &object.kind);
    line(0, "Created:", &object.creation_timestamp.to_string());
    if let Some(deleted) = object.deletion_timestamp {
        line(0, "Deleted:", &format!("{deleted} (waiting for recovery)"));
    }
    if let Some(owner) = &object.owner {
        line(0, "Owner:", &format!("{}/{}", owner.kind, owner.name));
    }
    line(0, "Spec:", "");
    spec(&object.spec, 1, &mut line);
    line(0, "Mechanism:", "");
    for part in object.mechanism.split("; ") {
        line(1, part, "");
    }
    line(0, "Status:", "");
    match &object.status {
        Status::Experiment(status) => experiment(status, &mut line),
        Status::Schedule(status) => schedule(status, &mut line),
        Status::Workflow(status) => workflow(status, &mut line),
        Status::StatusCheck(status) => status_check(status, &mut line),
    }
    text + "Events:\n" + &events(snapshot, object)
}

fn pairs(map: &std::collections::BTreeMap<String, String>) -> String {
    if map.is_empty() {
        "<none>".to_owned()
    } else {
        map.iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join(", ")
    }
}

type Line<'a> = &'a mut dyn FnMut(usize, &str, &str);

fn spec(value: &Value, depth: usize, line: Line<'_>) {
    for (key, value) in value.as_object().into_iter().flatten() {
        let label = format!("{key}: ");
        match value {
            Value::Object(_) => {
                line(depth, &label, "");
                spec(value, depth + 1, line);
            }
            Value::Array(items) if items.iter().any(Value::is_object) => {
                line(depth, &label, "");
                for item in items {
                    line(depth + 1, "-", "");
                    spec(item, depth + 2, line);
                }
            }
            Value::String(text) => line(depth, &label, text),
            Value::Null => {}
            other => line(depth, &label, &other.to_string()),
        }
    }
}

fn experiment(status: &ChaosStatus, line: Line<'_>) {
    line(1, "Conditions:", "");
    for condition in &status.conditions {
        line(2, &condition.kind, if condition.status { " True" } else { " False" });
    }
    let desired =
        status.experiment.desired_phase.map_or("<none>".to_owned(), |phase| format!("{phase:?}"));
    line(1, "Desired phase: ", &desired);
    line(1, "Records:", "");
    for record in &status.experiment.container_records {
        let phase = match record.phase {
            Phase::Injected => "Injected",
            Phase::NotInjected => "Not Injected",
            Phase::InjectedWait => "Injected/Wait",
            Phase::NotInjectedWait => "Not Injected/Wait",
        };
        let counts = format!(
            "  {phase} (injected {}, recovered {})",
            record.injected_count, record.recovered_count
        );
        line(2, &record.id, &counts);
        if let Some(failed) =
            record.events.last().filter(|event| event.kind == RecordEventType::Failed)
        {
            let operation = if failed.operation == Operation::Apply { "apply" } else { "recover" };
            line(3, "last attempt:", &format!(" to {operation} failed: {}", failed.message));
        }
    }
}

fn schedule(status: &ScheduleStatus, line: Line<'_>) {
    line(1, "Last run:", &status.time.map_or("<none>".to_owned(), |time| time.to_string()));
    line(1, "Active:", &status.active.join(", "));
}

fn workflow(status: &WorkflowStatus, line: Line<'_>) {
    conditions(&status.conditions, line);
    let time =
        |time: Option<jiff::Timestamp>| time.map_or("<none>".to_owned(), |time| time.to_string());
    line(1, "Started:", &time(status.start_time));
    line(1, "Ended:", &time(status.end_time));
    line(1, "Steps:", "");
    for node in &status.nodes {
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
        line(2 + node.depth, &node.name, &about);
        if !node.mechanism.is_empty() {
            line(3 + node.depth, &node.mechanism, "");
        }
    }
}

fn status_check(status: &StatusCheckStatus, line: Line<'_>) {
    conditions(&status.conditions, line);
    let good =
        status.records.iter().filter(|record| record.outcome == CheckOutcome::Success).count();
    let answers = format!("{} ({good} of the last {} good)", status.count, status.records.len());
    line(1, "Answers:", &answers);
}

fn conditions(conditions: &[Condition], line: Line<'_>) {
    line(1, "Conditions:", "");
    for condition in conditions {
        let status = if condition.status { "True" } else { "False" };
        let reason = condition.reason.as_ref().filter(|reason| !reason.is_empty());
        let reason = reason.map_or(String::new(), |reason| format!(" ({reason})"));
        line(2, &condition.kind, &format!(" {status}{reason}"));
    }
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
