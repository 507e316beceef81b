//! Text for the command line, in the form kubectl gives it.

mod describe;
mod table;

use crate::dry_run::{DryRun, DryStep};
use crate::kinds;
use crate::snapshot::{Object, Snapshot};

pub use describe::describe;

use table::{Table, age};

/// Ticks printed by a dry run before the rest is only counted.
const SHOWN_TICKS: usize = 5;

/// One table per kind, with Chaos Mesh's own columns. A namespace column appears when there is more
/// than one.
#[must_use]
pub fn get(snapshot: &Snapshot) -> String {
    if snapshot.objects.is_empty() {
        return "No resources found.\n".to_owned();
    }
    let first = &snapshot.objects[0].metadata.namespace;
    let namespaces = snapshot.objects.iter().any(|object| object.metadata.namespace != *first);
    let kinds = snapshot.objects.chunk_by(|left, right| left.kind == right.kind);
    let tables: Vec<String> =
        kinds.map(|objects| kind_table(objects, namespaces, snapshot)).collect();
    tables.join("\n")
}

fn kind_table(objects: &[Object], namespaces: bool, snapshot: &Snapshot) -> String {
    let columns = kinds::find(&objects[0].kind).map_or(&[][..], |kind| kind.columns);
    let titles = namespaces
        .then_some("NAMESPACE")
        .into_iter()
        .chain(["NAME"])
        .chain(columns.iter().map(|column| column.title))
        .chain(["AGE"]);
    let mut table = Table::new(titles);
    for object in objects {
        let name =
            format!("{}.chaos-mesh.org/{}", object.kind.to_lowercase(), object.metadata.name);
        let fields = columns
            .iter()
            .map(|column| object.spec[column.field].as_str().unwrap_or("").to_owned());
        let namespace = namespaces.then(|| object.metadata.namespace.clone());
        table.row(
            namespace
                .into_iter()
                .chain([name])
                .chain(fields)
                .chain([age(object.creation_timestamp, snapshot.now)]),
        );
    }
    table.to_string()
}

/// The rehearsal of an experiment: what it would hit, when, how, and what is odd about it.
#[must_use]
pub fn dry_run(run: &DryRun) -> String {
    let mut lines = vec![format!(
        "{}/{} in namespace {} (dry run, nothing was changed)",
        run.kind.to_lowercase(),
        run.name,
        run.namespace
    )];
    match &run.selection_error {
        _ if !run.steps.is_empty() || run.kind == kinds::STATUS_CHECK => {}
        Some(error) => lines.push(format!("Targets:    none: {error}")),
        None => {
            let bound = if run.at_most { "at most " } else { "" };
            let (taken, matched) = (run.pods_taken, run.pods_matched);
            lines.push(format!("Targets:    {bound}{taken} of {matched} matching pods"));
            lines.extend(run.matched.iter().map(|id| format!("              {id}")));
        }
    }
    if !run.other_end.is_empty() {
        lines.push("Other end:".to_owned());
        lines.extend(run.other_end.iter().map(|id| format!("              {id}")));
    }
    steps(&run.steps, &mut lines);
    lines.push(format!("Mechanism:  {}", run.mechanism));
    if let Some(ticks) = &run.ticks {
        lines.push(format!("Ticks:      {} in the next hour", ticks.len()));
        lines.extend(ticks.iter().take(SHOWN_TICKS).map(|tick| format!("              {tick}")));
        if ticks.len() > SHOWN_TICKS {
            lines.push(format!("              ... and {} more", ticks.len() - SHOWN_TICKS));
        }
    }
    lines.extend(run.lints.iter().map(|lint| format!("Warning:    {lint}")));
    lines.extend(run.refusals.iter().map(|refusal| format!("Refused:    {refusal}")));
    lines.join("\n") + "\n"
}

/// The steps of a workflow, each with what it does.
fn steps(steps: &[DryStep], lines: &mut Vec<String>) {
    if !steps.is_empty() {
        lines.push(format!("Steps:      {}", steps.len()));
    }
    for step in steps {
        let deadline =
            step.deadline.as_ref().map_or(String::new(), |deadline| format!(", for {deadline}"));
        let about = if step.about.is_empty() {
            String::new()
        } else {
            format!(": {}", step.about.join(", "))
        };
        lines.push(format!("              {} ({}{deadline}){about}", step.name, step.kind));
        if !step.mechanism.is_empty() {
            lines.push(format!("                {}", step.mechanism));
        }
    }
}

#[cfg(test)]
mod tests;
