//! Images before containers: looked for at each start, pulled where that is to be, with kubelet's
//! states, events and back-off.

use std::collections::BTreeSet;
use std::time::Instant;

use super::Pods;
use super::container::CREATING;
use crate::NamespacedName;
use crate::local::images::{Fetched, ImageName, Pulled, Waiting};
use crate::manifest::{Container, Manifests, PullPolicy};

/// The last attempt failed; a moment later that it is waited for the next one.
const FAILED: &str = "ErrImagePull";
const BACK_OFF: &str = "ImagePullBackOff";
/// Nobody may pull it, and it is not there.
const NEVER: &str = "ErrImageNeverPull";

impl Pods {
    /// Whether a container may start: its image is there, or not of this stage's registries. If
    /// not, it is pulled, and the container is due again when it has come.
    pub(super) fn image_is_there(
        &mut self,
        name: &NamespacedName,
        index: usize,
        now: Instant,
    ) -> bool {
        let Some(pod) = self.pods.get_mut(name) else {
            return false;
        };
        let (object, spec) = (pod.object(), &pod.spec.containers[index]);
        let image = spec.image.as_deref().and_then(|image| image.parse::<ImageName>().ok());
        let Some(image) = image else {
            return true;
        };
        let Some(registry) = self.images.registry(&image, &name.namespace) else {
            return true;
        };
        let container = &mut pod.containers[index];
        if std::mem::take(&mut container.image.there) {
            return true;
        }
        match (policy(spec, &image), self.images.has(&image)) {
            (PullPolicy::Never, false) => {
                let text =
                    format!("Container image \"{image}\" is not present with pull policy of Never");
                self.events.warning(NEVER, object, text);
                container.waiting = Some(NEVER);
                container.start_at = Some(now + container.image.back_off.after_failed_pull());
                false
            }
            (PullPolicy::Never | PullPolicy::IfNotPresent, true) => {
                let text = format!("Container image \"{image}\" already present on machine");
                self.events.normal("Pulled", object, text);
                true
            }
            (PullPolicy::Always, _) | (PullPolicy::IfNotPresent, false) => {
                self.events.normal("Pulling", object, format!("Pulling image \"{image}\""));
                container.start_at = None;
                container.image.pulling = true;
                if !matches!(container.waiting, Some(FAILED | BACK_OFF)) {
                    container.waiting = Some(CREATING);
                }
                let by = Waiting { pod: name.clone(), container: index };
                self.images.pull(image, registry, by);
                false
            }
        }
    }

    /// Takes in what the pulls say that have ended, and lets time pass for those that have failed.
    pub(super) fn take_pulls(&mut self, now: Instant) {
        while let Some(pulled) = self.images.next() {
            self.take_pull(pulled, now);
        }
        for pod in self.pods.values_mut() {
            let object = pod.object();
            for (container, spec) in pod.containers.iter_mut().zip(&pod.spec.containers) {
                if container.image.backs_off_at.is_some_and(|at| at <= now) {
                    container.image.backs_off_at = None;
                    container.waiting = container.waiting.map(|_| BACK_OFF);
                    let image = spec.image.as_deref().unwrap_or_default();
                    let text = format!("Back-off pulling image \"{image}\"");
                    self.events.normal("BackOff", object.clone(), text);
                    self.changed = true;
                }
            }
        }
    }

    /// What of `manifests` was taken for not applied, and is: images that are pulled here.
    pub(crate) fn pulled(&self, manifests: &Manifests) -> BTreeSet<String> {
        let deployments = manifests
            .deployments
            .iter()
            .map(|one| (&one.source, &one.object.metadata, &one.object.spec.template.spec));
        let jobs = manifests
            .jobs
            .iter()
            .map(|one| (&one.source, &one.object.metadata, &one.object.spec.template.spec));
        let mut lines = BTreeSet::new();
        for (source, metadata, pod) in deployments.chain(jobs) {
            for (index, container) in pod.containers.iter().enumerate() {
                let image = container.image.as_deref().and_then(|image| image.parse().ok());
                let namespace = &metadata.namespace;
                if image.is_some_and(|image| self.images.registry(&image, namespace).is_some()) {
                    let at = format!("{}: spec.template.spec.containers[{index}]", source.object);
                    lines.extend(["image", "imagePullPolicy"].map(|field| format!("{at}.{field}")));
                }
            }
        }
        lines
    }

    fn take_pull(&mut self, pulled: Pulled, now: Instant) {
        let Pulled { by, image, result } = pulled;
        let Some(pod) = self.pods.get_mut(&by.pod) else {
            return;
        };
        let (object, leaves) = (pod.object(), pod.terminating() || pod.held_down);
        let Some(container) = pod.containers.get_mut(by.container) else {
            return;
        };
        self.changed = true;
        container.image.pulling = false;
        container.image.backs_off_at = None;
        container.image.there = result.is_ok();
        match result {
            Ok(fetched) => {
                container.image.back_off.reset();
                container.start_at = Some(now);
                if !leaves {
                    container.waiting = Some(CREATING);
                }
                self.events.normal("Pulled", object, told(&image, &fetched));
            }
            Err(why) => {
                let wait = container.image.back_off.after_failed_pull();
                container.start_at = Some(now + wait);
                if !leaves {
                    container.waiting = Some(FAILED);
                    container.image.backs_off_at = Some(now + wait / 2);
                }
                let text = format!("Failed to pull image \"{image}\": {why}");
                self.events.warning("Failed", object, text);
            }
        }
    }
}

fn told(image: &str, fetched: &Fetched) -> String {
    let Fetched { bytes, took, counted, .. } = fetched;
    let free = if *counted { "" } else { " Nothing was fetched: this costs no pull." };
    let took = took.as_millis();
    format!("Successfully pulled image \"{image}\" in {took}ms. Image size: {bytes} bytes.{free}")
}

/// What is written, or else what Kubernetes makes of the name.
fn policy(container: &Container, image: &ImageName) -> PullPolicy {
    let guess = if image.is_latest() { PullPolicy::Always } else { PullPolicy::IfNotPresent };
    container.image_pull_policy.unwrap_or(guess)
}

#[cfg(test)]
mod tests;
