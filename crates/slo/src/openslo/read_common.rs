//! What several kinds of documents have: metadata, a description, comparisons, references.

use std::collections::BTreeMap;

use serde_json::Value;

use super::draft::Source;
use super::model::{Metadata, Op};
use crate::yaml::{Fields, Sink};

pub(super) fn metadata(fields: &mut Fields<'_>) -> Option<Metadata> {
    let mut metadata = fields.required_child("metadata")?;
    let read = metadata_fields(&mut metadata);
    metadata.finish();
    read
}

fn metadata_fields(fields: &mut Fields<'_>) -> Option<Metadata> {
    let name = fields.required_text("name");
    if let Some(name) = &name
        && !is_label(name)
    {
        fields.error(
            "name",
            format!("{name:?} is not an RFC 1123 label"),
            "use at most 63 lower-case letters, digits and dashes, a letter or digit first and last",
        );
    }
    let display_name = fields.text("displayName");
    if display_name.as_ref().is_some_and(|text| text.chars().count() > 63) {
        fields.error("displayName", "is longer than 63 characters", "shorten it");
    }
    let labels = string_map(fields, "labels");
    let annotations = string_map(fields, "annotations");
    Some(Metadata {
        file: fields.sink.file.to_owned(),
        name: name?,
        display_name,
        labels,
        annotations,
        description: None,
    })
}

fn string_map(fields: &mut Fields<'_>, key: &'static str) -> BTreeMap<String, String> {
    let path = fields.field(key);
    let mut read = BTreeMap::new();
    let Some(value) = fields.value(key) else {
        return read;
    };
    let Value::Object(map) = value else {
        fields.error(key, "is not a mapping", "write a mapping here");
        return read;
    };
    for (name, value) in map {
        let field = format!("{path}.{name}");
        if !is_key(&name, key == "annotations") {
            fields.sink.error(
                &field,
                "is not a valid key",
                "use at most 63 letters, digits, dashes, underscores and dots, a letter or digit first and last",
            );
        }
        let text = match value {
            Value::String(text) => Some(text),
            Value::Array(items) if key == "labels" => items
                .iter()
                .map(|item| item.as_str().map(str::to_owned))
                .collect::<Option<Vec<_>>>()
                .map(|items| items.join(",")),
            _ => None,
        };
        match text {
            Some(text) => drop(read.insert(name, text)),
            None => fields.sink.error(&field, "is not a string", "quote the value"),
        }
    }
    read
}

/// Takes `spec.description`, which every kind may have.
pub(super) fn described(mut metadata: Metadata, spec: &mut Fields<'_>) -> Metadata {
    metadata.description = spec.text("description");
    if metadata.description.as_ref().is_some_and(|text| text.chars().count() > 1050) {
        spec.error("description", "is longer than 1050 characters", "shorten it");
    }
    metadata
}

pub(super) fn is_label(name: &str) -> bool {
    let edge = |b: Option<u8>| b.is_some_and(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    name.len() <= 63
        && edge(name.bytes().next())
        && edge(name.bytes().next_back())
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

fn is_key(key: &str, prefixed: bool) -> bool {
    let name = match key.split_once('/') {
        Some((prefix, name))
            if prefixed && !prefix.is_empty() && prefix.split('.').all(is_label) =>
        {
            name
        }
        Some(_) => return false,
        None => key,
    };
    let edge = |b: Option<u8>| b.is_some_and(|b| b.is_ascii_alphanumeric());
    name.len() <= 63
        && edge(name.bytes().next())
        && edge(name.bytes().next_back())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
}

pub(super) fn op(fields: &mut Fields<'_>) -> Option<Op> {
    match fields.text("op")?.as_str() {
        "lt" => Some(Op::Lt),
        "lte" => Some(Op::Lte),
        "gt" => Some(Op::Gt),
        "gte" => Some(Op::Gte),
        other => {
            fields.error(
                "op",
                format!("{other:?} is not a comparison"),
                "write lt, lte, gt or gte",
            );
            None
        }
    }
}

/// An item of a list that is either `{<reference>: name}` or a whole document without apiVersion.
pub(super) fn source<T>(
    sink: &Sink<'_>,
    path: &str,
    value: Value,
    reference: &'static str,
    kind: &str,
    read: impl FnOnce(Metadata, Fields<'_>) -> Option<T>,
) -> Option<Source<T>> {
    let mut fields = Fields::new(sink, path, value)?;
    if let Some(name) = fields.text(reference) {
        fields.finish();
        return Some(Source::Named(name));
    }
    match fields.text("kind") {
        Some(found) if found != kind => {
            fields.error("kind", format!("is {found}"), format!("write kind: {kind}"));
        }
        _ => {}
    }
    let metadata = metadata(&mut fields);
    let spec = fields.required_child("spec");
    fields.finish();
    read(metadata?, spec?).map(Source::Inline)
}
