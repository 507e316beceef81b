//! `get`: one table for each kind of object.

use super::table::{Table, age};
use crate::kinds;
use crate::snapshot::{Object, Snapshot};

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
