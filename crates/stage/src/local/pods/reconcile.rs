//! Moves Deployments and Jobs one step towards what is wanted.

use super::lifecycle::grace;
use super::naming::template_hash;
use super::rollout::{self, PodState};
use super::{Pod, Pods};
use crate::manifest::{Deployment, Job};
use crate::{NamespacedName, StageError};

impl Pods {
    /// One step for all of them; nothing to do unless something has changed.
    pub(crate) fn reconcile(&mut self) {
        if !self.changed {
            return;
        }
        let deployments: Vec<Deployment> = self.deployments.values().cloned().collect();
        for deployment in deployments {
            if let Err(error) = self.reconcile_deployment(&deployment) {
                let object = format!("Deployment/{}", deployment.metadata.name);
                self.events.warning("Failed", object, error.to_string());
            }
        }
        let jobs: Vec<Job> = self.jobs.values().cloned().collect();
        for job in jobs {
            if let Err(error) = self.reconcile_job(&job) {
                let object = format!("Job/{}", job.metadata.name);
                self.events.warning("Failed", object, error.to_string());
            }
        }
    }

    fn reconcile_deployment(&mut self, deployment: &Deployment) -> Result<(), StageError> {
        let name = deployment.metadata.namespaced_name();
        let hash = template_hash(&deployment.spec.template);
        let (leaving, living): (Vec<&Pod>, Vec<&Pod>) =
            self.owned_by("Deployment", &name).partition(|pod| pod.terminating());
        let views: Vec<PodState> = living
            .iter()
            .map(|pod| PodState { current: pod.hash == hash, ready: pod.ready() })
            .collect();
        let plan = rollout::plan(&deployment.spec, &views, leaving.len());
        let delete: Vec<NamespacedName> =
            plan.delete.iter().map(|&index| living[index].name.clone()).collect();
        for pod in delete {
            self.terminate(&pod, grace(&deployment.spec.template.spec))?;
        }
        for _ in 0..plan.create {
            let owner = format!("Deployment/{}", name.name);
            let base = format!("{}-{hash}", name.name);
            self.create_pod(owner, &base, &name.namespace, &deployment.spec.template, &hash)?;
        }
        Ok(())
    }

    fn reconcile_job(&mut self, job: &Job) -> Result<(), StageError> {
        let name = job.metadata.namespaced_name();
        if self.job_outcomes.contains_key(&name) {
            return Ok(());
        }
        let status = self.job_status(job);
        let owner = format!("Job/{}", name.name);
        if let Some(complete) = status.outcome {
            if complete {
                self.events.normal("Completed", owner, "enough pods ended well");
            } else {
                self.events.warning("BackoffLimitExceeded", owner, "too many pods ended badly");
                self.end_active_pods(&name, job);
            }
            self.job_outcomes.insert(name, complete);
            return Ok(());
        }
        let spec = &job.spec;
        let left = spec.completions.unwrap_or(spec.parallelism).saturating_sub(status.succeeded);
        let wanted = spec.parallelism.min(left).saturating_sub(status.active);
        let hash = template_hash(&spec.template);
        for _ in 0..wanted {
            let (base, namespace) = (&name.name, &name.namespace);
            self.create_pod(owner.clone(), base, namespace, &spec.template, &hash)?;
        }
        Ok(())
    }

    /// A Job that gave up runs nothing any more; what has ended stays for people to look at.
    fn end_active_pods(&mut self, name: &NamespacedName, job: &Job) {
        let active = self.owned_by("Job", name).filter(|pod| !pod.finished());
        let active: Vec<NamespacedName> = active.map(|pod| pod.name.clone()).collect();
        for pod in active {
            // One that is on its way out already is as good.
            let _ = self.terminate(&pod, grace(&job.spec.template.spec));
        }
    }

    /// The pods that a Deployment or a Job made.
    pub(super) fn owned_by(
        &self,
        kind: &str,
        owner: &NamespacedName,
    ) -> impl Iterator<Item = &Pod> {
        self.pods.values().filter(move |pod| pod.is_owned_by(kind, owner))
    }
}
