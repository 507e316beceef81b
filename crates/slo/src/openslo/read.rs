//! One YAML value to one document: apiVersion, kind, metadata, and the kinds with few fields.

use serde_json::Value;

use super::draft::Document;
use super::model::{DataSource, Service};
use super::read_common::{described, metadata};
use super::{read_alert, read_sli, read_slo};
use crate::yaml::{Fields, Sink};

/// Reads one document; problems go to the sink. `place` says where in the file it stands, for
/// documents without a name.
pub(super) fn document(sink: &Sink<'_>, place: &str, value: Value) -> Option<Document> {
    let name = value.pointer("/metadata/name").and_then(Value::as_str);
    let kind = value.get("kind").and_then(Value::as_str);
    let path = match (kind, name) {
        (Some(kind), Some(name)) => format!("{kind}/{name}: "),
        _ => format!("{place}: "),
    };
    let mut fields = Fields::new(sink, &path, value)?;
    version(&mut fields)?;
    let kind = fields.required_text("kind")?;
    let metadata = metadata(&mut fields);
    let spec = if kind == "Service" && !fields.has("spec") {
        // Nothing in it is required, so it may be left out.
        fields.value("spec");
        Fields::new(sink, &fields.field("spec"), Value::Object(serde_json::Map::new()))
    } else {
        fields.required_child("spec")
    };
    fields.finish();
    let (metadata, mut spec) = (metadata?, spec?);
    match kind.as_str() {
        "SLO" => read_slo::slo(metadata, path, spec).map(Document::Slo),
        "SLI" => read_sli::sli(metadata, spec).map(Document::Sli),
        "AlertPolicy" => read_alert::policy(metadata, spec).map(Document::AlertPolicy),
        "AlertCondition" => read_alert::condition(metadata, spec).map(Document::AlertCondition),
        "AlertNotificationTarget" => {
            read_alert::target(metadata, spec).map(Document::AlertNotificationTarget)
        }
        "DataSource" => {
            let metadata = described(metadata, &mut spec);
            let kind = spec.required_text("type");
            spec.value("connectionDetails");
            spec.missing("connectionDetails");
            spec.finish();
            Some(Document::DataSource(DataSource { metadata, kind: kind?.to_lowercase() }))
        }
        "Service" => {
            let metadata = described(metadata, &mut spec);
            spec.finish();
            Some(Document::Service(Service { metadata }))
        }
        other => {
            sink.error(
                &format!("{path}kind"),
                format!("{other:?} is not a kind of openslo/v1"),
                "write one of SLO, SLI, Service, DataSource, AlertPolicy, AlertCondition, AlertNotificationTarget",
            );
            None
        }
    }
}

fn version(fields: &mut Fields<'_>) -> Option<()> {
    let version = fields.required_text("apiVersion")?;
    let remedy = match version.as_str() {
        "openslo/v1" => return Some(()),
        "openslo/v1alpha" => {
            "convert the document to openslo/v1: indicators become SLI documents or spec.indicator"
        }
        v2 if v2.starts_with("openslo.com/v2") => {
            "convert the document to openslo/v1; version 2 is a draft"
        }
        _ => "write openslo/v1",
    };
    fields.error("apiVersion", format!("{version:?} is not supported"), remedy);
    None
}
