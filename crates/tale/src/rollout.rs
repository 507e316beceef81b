//! A release: manifests, the Deployments in them, and how far they have come.

use std::path::PathBuf;

use anyhow::{Result, ensure};
use stage::manifest::Manifests;
use stage::{EventKind, NamespacedName, Snapshot, SourceFile};

/// Manifests of a release, read and checked.
pub(crate) struct Release {
    files: Vec<SourceFile>,
    deployments: Vec<NamespacedName>,
}

impl Release {
    /// Reads files and folders.
    ///
    /// # Errors
    /// What cannot be used, with file, field and remedy; a release without Deployments.
    pub(crate) fn read(paths: &[PathBuf]) -> Result<Self> {
        let files = SourceFile::load(paths)?;
        let deployments = Manifests::read(&files)?.deployment_names();
        let shown: Vec<String> = paths.iter().map(|path| path.display().to_string()).collect();
        let shown = shown.join(", ");
        ensure!(
            !deployments.is_empty(),
            "{shown}: there is no Deployment in it, and so nothing to roll out"
        );
        Ok(Self { files, deployments })
    }

    /// Files say `default`; in a cluster the stage has a namespace of its own.
    pub(crate) fn move_to(&mut self, namespace: &str) {
        for deployment in &mut self.deployments {
            namespace.clone_into(&mut deployment.namespace);
        }
    }

    pub(crate) fn files(&self) -> &[SourceFile] {
        &self.files
    }

    pub(crate) fn deployments(&self) -> &[NamespacedName] {
        &self.deployments
    }
}

/// Whether all pods of a Deployment are those of its release, and ready.
pub(crate) fn is_complete(seen: &Snapshot, deployment: &NamespacedName) -> bool {
    seen.deployment(deployment).is_some_and(stage::DeploymentStatus::complete)
}

/// Why a Deployment waits, in the words of its pods; none while nothing is wrong.
pub(crate) fn waits_for<'s>(seen: &'s Snapshot, deployment: &NamespacedName) -> Option<&'s str> {
    let pods = seen.pods_of(deployment).into_iter().filter(|pod| !pod.ready);
    let mut waits = pods.flat_map(|pod| &pod.containers).filter_map(|one| one.waiting.as_deref());
    waits.find(|waits| *waits != "ContainerCreating")
}

/// The last thing that went wrong with a pod of this Deployment.
pub(crate) fn last_warning<'s>(seen: &'s Snapshot, deployment: &NamespacedName) -> Option<&'s str> {
    let pods = seen.pods_of(deployment).into_iter().filter(|pod| !pod.ready);
    let pods: Vec<String> = pods.map(|pod| format!("Pod/{}", pod.name)).collect();
    let mut events = seen.events.iter().rev();
    // A kubelet says why, and then the word for it, which the pod itself shows.
    let says_why = |message: &str| !message.starts_with("Error: ");
    let last = events
        .find(|e| e.kind == EventKind::Warning && pods.contains(&e.object) && says_why(&e.message));
    last.map(|event| event.message.as_str())
}
