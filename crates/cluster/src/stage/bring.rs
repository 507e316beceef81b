//! Bringing everything: adapted, checked against what is there, and applied in an order in which
//! nothing has to wait for what comes later.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use stage::SourceFile;

use super::ClusterStage;
use crate::adapt::{Adapted, Adapter, Part, TEMPLATE, services as services_of};
use crate::api::Apply;
use crate::error::ClusterError;
use crate::kinds::{self, Kind};
use crate::monitoring::INBOX;
use crate::object::{self, is_ours, labels, name, text, title};
use crate::watch;

/// How long a registry may take to come up, and to be filled.
const FILLED: Duration = Duration::from_secs(120);
/// How long a Job that is made anew may take to go.
const JOB_GONE: Duration = Duration::from_secs(30);
/// How often is looked.
const LOOK_EVERY: Duration = Duration::from_millis(200);

impl ClusterStage {
    /// Applies the documents of files, and what looks at them.
    ///
    /// # Errors
    /// A document that cannot be played here, an object that is somebody else's: then nothing is
    /// changed. Or what the API server refuses.
    pub(super) async fn bring(
        &self,
        files: &[SourceFile],
        env: &BTreeMap<String, String>,
    ) -> Result<(), ClusterError> {
        let since = Instant::now();
        let documents = self.documents(files, env).await?;
        let mut all = Vec::new();
        for document in documents {
            let there = self.there(&document).await?;
            all.push((document, there));
        }
        let namespaces = self.bring_namespace().await?;
        self.bring_names().await?;
        let pulls = |(document, _): &(Adapted, _)| document.part == Part::Pulls;
        let (last, first): (Vec<_>, Vec<_>) = all.into_iter().partition(pulls);
        for (document, there) in &first {
            self.apply_one(document, there.as_ref()).await?;
        }
        if !last.is_empty() {
            self.until_images_are_there(first.iter().map(|(document, _)| document)).await?;
        }
        for (document, there) in &last {
            self.apply_one(document, there.as_ref()).await?;
        }
        for (document, _) in first.into_iter().chain(last) {
            self.note(document.changes);
            let mut applied = self.applied();
            applied.retain(|one| title(one) != title(&document.object));
            applied.push(document.object);
        }
        let count = self.applied().len() + namespaces;
        let changed = stage::Stage::adapted(self).len();
        self.step("applied", since, &format!("{count} objects, {changed} adaptations"));
        Ok(())
    }

    /// A kubelet that finds no image asks again after ten seconds at the earliest: it is not asked
    /// before the registry is filled.
    async fn until_images_are_there(
        &self,
        documents: impl Iterator<Item = &Adapted> + Clone,
    ) -> Result<(), ClusterError> {
        let since = Instant::now();
        let names = |part| {
            let of = documents.clone().filter(move |document| document.part == part);
            of.map(|document| name(&document.object))
        };
        for name in names(Part::Serves) {
            watch::rolled_out(&self.api, self.namespace(), name, FILLED).await?;
        }
        for name in names(Part::Fills) {
            watch::done(&self.api, self.namespace(), name, FILLED).await?;
        }
        if names(Part::Fills).next().is_some() {
            self.step("images are in the registry", since, "");
        }
        Ok(())
    }

    /// What is to be applied, in order.
    pub(super) async fn documents(
        &self,
        files: &[SourceFile],
        env: &BTreeMap<String, String>,
    ) -> Result<Vec<Adapted>, ClusterError> {
        let services = self.live("v1", "Service").await?;
        let image = self.image().await?;
        let services = services_of(services.iter());
        let adapter = Adapter { services, image: image.clone(), ..self.adapter.clone() };
        let mut documents = adapter.files(files, env)?;
        let objects: Vec<Value> = documents.iter().map(|one| one.object.clone()).collect();
        let more = self.monitoring.documents(self.namespace(), &self.images, &objects, &image);
        for mut object in more {
            object::mark(&mut object, self.namespace());
            let kind = kinds::find(text(&object, "/apiVersion"), text(&object, "/kind"));
            let kind = kind.expect("the minimum consists of known kinds");
            documents.push(Adapted { object, kind, changes: Vec::new(), part: Part::None });
        }
        documents.sort_by_key(|one| kinds::rank(one.kind));
        Ok(documents)
    }

    /// The image of the project's programs. A release that comes later brings none: it is that of
    /// the stage that is there.
    async fn image(&self) -> Result<String, ClusterError> {
        if !self.options.image.is_empty() {
            return Ok(self.options.image.clone());
        }
        let namespace = self.namespace();
        let kind = kinds::find("apps/v1", "Deployment").expect("it is in the list");
        let inbox = self.api.find(&kind.path(namespace, INBOX)).await?;
        let image = inbox.map(|it| text(&it, "/spec/template/spec/containers/0/image").to_owned());
        image.ok_or_else(|| ClusterError::Missing {
            what: format!("there is no stage in the namespace {namespace}"),
            remedy: "`tale up --on cluster` brings one".to_owned(),
        })
    }

    /// What is there of this name, if it is ours.
    async fn there(&self, document: &Adapted) -> Result<Option<Value>, ClusterError> {
        let path = document.kind.path(self.namespace(), name(&document.object));
        let there = self.api.find(&path).await?;
        if there.as_ref().is_some_and(|there| !is_ours(there, self.namespace())) {
            return Err(ClusterError::Foreign { object: title(&document.object) });
        }
        Ok(there)
    }

    async fn apply_one(
        &self,
        document: &Adapted,
        there: Option<&Value>,
    ) -> Result<(), ClusterError> {
        let path = document.kind.path(self.namespace(), name(&document.object));
        let mut how = if there.is_some() { Apply::Ours } else { Apply::Gently };
        let template = format!("/metadata/annotations/{}", TEMPLATE.replace('/', "~1"));
        let hash = |object: &Value| text(object, &template).to_owned();
        if let Some(there) = there.filter(|_| document.kind.kind == "Job")
            && hash(there) != hash(&document.object)
        {
            self.remove_job(document.kind, &path).await?;
            how = Apply::Gently;
        }
        self.api.apply(&path, &document.object, how).await.map_err(|why| {
            let (file, object) = (self.namespace().to_owned(), title(&document.object));
            match why.code() {
                Some(400 | 422) => ClusterError::Document {
                    file,
                    object,
                    reason: why.to_string(),
                    remedy: "the server validates strictly",
                },
                _ => why.into(),
            }
        })?;
        Ok(())
    }

    /// The template of a Job cannot be changed.
    pub(super) async fn remove_job(&self, kind: &Kind, path: &str) -> Result<(), ClusterError> {
        let since = Instant::now();
        self.api.delete(path).await?;
        while self.api.find(path).await?.is_some() {
            if since.elapsed() >= JOB_GONE {
                let what = format!("the earlier {} is gone", kind.kind);
                let seen = "it is still there".to_owned();
                return Err(ClusterError::Late { what, seconds: JOB_GONE.as_secs(), seen });
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
        Ok(())
    }

    /// Makes the namespace where there is none. Returns how many were made.
    async fn bring_namespace(&self) -> Result<usize, ClusterError> {
        let namespace = self.namespace();
        let path = format!("/api/v1/namespaces/{namespace}");
        match self.api.find(&path).await {
            // Who may not see it works in it all the same.
            Ok(Some(_)) => return Ok(0),
            Err(why) if why.code() == Some(403) => return Ok(0),
            Ok(None) => {}
            Err(why) => return Err(why.into()),
        }
        let object = json!({"apiVersion": "v1", "kind": "Namespace",
            "metadata": {"name": namespace, "labels": labels(namespace)}});
        self.api.apply(&path, &object, Apply::Gently).await?;
        Ok(1)
    }
}
