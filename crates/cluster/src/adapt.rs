//! What has to differ between the files and what a cluster gets: image, clock, receivers,
//! namespace, where images of the stage's own registry come from, and the labels by which a stage
//! knows its own objects. Nothing else differs.
//!
//! Every change of a field is written down as an [`Adaptation`]: for the terminal, for `--dry-run`
//! and for the report.

mod clock;
mod experiment;
mod image;
mod mail;
mod namespace;
mod notes;
mod registry;

use std::collections::BTreeMap;

use serde_json::{Value, json};
use slo::Clock;
use stage::{Adaptation, SourceFile};

use crate::error::ClusterError;
use crate::kinds;
use crate::object::{self, object_at, text};

pub(crate) use notes::Notes;
pub use registry::Part;
pub(crate) use registry::{moves_images, pulls, serves, services};

/// The annotation with which a Job remembers the template that it was made from.
pub const TEMPLATE: &str = "tales.dev/template";

/// What documents are adapted to.
#[derive(Debug, Clone)]
pub struct Adapter {
    /// The namespace of the stage.
    pub namespace: String,
    /// How fast time passes.
    pub clock: Clock,
    /// The image of the project's programs.
    pub image: String,
    /// Where notifications go, as Alertmanager sees it.
    pub inbox: String,
    /// Who knocks at front doors, `host:port`.
    pub prober: String,
    /// Labels by which Prometheus and Alertmanager select, by kind.
    pub selected_by: BTreeMap<&'static str, BTreeMap<String, String>>,
    /// The Services that are there besides those of the files, by name.
    pub services: BTreeMap<String, Value>,
}

/// An adapted document.
#[derive(Debug, Clone, PartialEq)]
pub struct Adapted {
    /// What the cluster gets.
    pub object: Value,
    /// Its kind.
    pub kind: &'static kinds::Kind,
    /// In what it differs from its file.
    pub changes: Vec<Adaptation>,
    /// What it has to do with a registry of the stage.
    pub part: Part,
}

impl Adapter {
    /// Reads documents and adapts them, in the order in which they are to be applied. `env` is set
    /// in the containers of all Deployments.
    ///
    /// # Errors
    /// The first document that cannot be played here.
    pub fn files(
        &self,
        files: &[SourceFile],
        env: &BTreeMap<String, String>,
    ) -> Result<Vec<Adapted>, ClusterError> {
        let mut read = Vec::new();
        for file in files {
            let documents: Vec<Value> = serde_saphyr::from_multiple(&file.text)
                .map_err(|why| refused(&file.name, &Value::Null, why.to_string(), "correct it"))?;
            let documents = documents.into_iter().filter(|document| !document.is_null());
            read.extend(documents.map(|document| (&file.name, document)));
        }
        let mut services = self.services.clone();
        services.extend(registry::services(read.iter().map(|(_, document)| document)));
        let mut all = Vec::new();
        for (file, mut document) in read {
            let api = text(&document, "/apiVersion").to_owned();
            let Some(kind) = kinds::find(&api, text(&document, "/kind")) else {
                let reason = format!("`{api}` is not a kind that this stage brings");
                let remedy = "apply it yourself, and take it out of the tale";
                return Err(refused(file, &document, reason, remedy));
            };
            let (part, changes) = self
                .document(&mut document, &services)
                .map_err(|reason| refused(file, &document, reason, "write `default`"))?;
            if kind.kind == "Deployment" {
                set_env(&mut document, env);
            }
            all.push(Adapted { object: document, kind, changes, part });
        }
        all.sort_by_key(|adapted| kinds::rank(adapted.kind));
        Ok(all)
    }

    /// Adapts one document.
    ///
    /// # Errors
    /// Why its namespace cannot be changed.
    fn document(
        &self,
        document: &mut Value,
        services: &BTreeMap<String, Value>,
    ) -> Result<(Part, Vec<Adaptation>), String> {
        let mut notes = Notes::about(document);
        namespace::adapt(document, &self.namespace, &mut notes)?;
        image::adapt(document, &self.image, &mut notes);
        let part = registry::adapt(document, services, &mut notes);
        clock::adapt(document, self.clock, &mut notes);
        clock::adapt_prober(document, &self.prober, &mut notes);
        mail::adapt(document, self.clock, &self.inbox, &mut notes);
        self.select(document, &mut notes);
        object::mark(document, &self.namespace);
        if text(document, "/kind") == "Job" {
            remember_template(document);
        }
        Ok((part, notes.list))
    }

    /// An experiment: it stays in its namespace, and it ends.
    ///
    /// # Errors
    /// The selector that reaches elsewhere.
    pub fn experiment(&self, document: &mut Value) -> Result<Vec<Adaptation>, String> {
        let mut notes = Notes::about(document);
        namespace::adapt(document, &self.namespace, &mut notes)?;
        experiment::guard(document, &self.namespace, &mut notes)?;
        object::mark(document, &self.namespace);
        Ok(notes.list)
    }

    /// Adds the labels without which the operator would not look at an object.
    fn select(&self, document: &mut Value, notes: &mut Notes) {
        let Some(wanted) = self.selected_by.get(text(document, "/kind")) else {
            return;
        };
        for (label, value) in wanted {
            let labels = object_at(document, "/metadata/labels");
            let field = format!("metadata.labels[{label}]");
            notes.set(labels, label, &field, json!(value), "or it would not be selected");
        }
    }
}

/// Sets variables in all containers of a workload, in place of those of the same names.
pub fn set_env(workload: &mut Value, env: &BTreeMap<String, String>) {
    let containers = workload.pointer_mut("/spec/template/spec/containers");
    for container in containers.and_then(Value::as_array_mut).into_iter().flatten() {
        let Some(container) = container.as_object_mut() else { continue };
        let list = container.entry("env").or_insert_with(|| json!([]));
        if let Some(list) = list.as_array_mut() {
            list.retain(|variable| !env.contains_key(text(variable, "/name")));
            list.extend(env.iter().map(|(name, value)| json!({"name": name, "value": value})));
        }
    }
}

/// A Job's template cannot be changed: a changed one is made anew.
fn remember_template(job: &mut Value) {
    let spec = job.get("spec").map(Value::to_string).unwrap_or_default();
    let digest = ring::digest::digest(&ring::digest::SHA256, spec.as_bytes());
    let hash: String = digest.as_ref().iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    object_at(job, "/metadata/annotations").insert(TEMPLATE.to_owned(), json!(hash));
}

fn refused(file: &str, document: &Value, reason: String, remedy: &'static str) -> ClusterError {
    ClusterError::Document {
        file: file.to_owned(),
        object: object::title(document),
        reason,
        remedy,
    }
}

#[cfg(test)]
mod tests;
