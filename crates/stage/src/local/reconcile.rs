//! Moves Deployments and Jobs one step towards what is wanted.

use std::time::Duration;

use super::pod::{Key, Pod};
use super::rollout::{self, View};
use super::template::template_hash;
use super::world::World;
use crate::StageError;
use crate::manifest::{Deployment, Job, PodSpec};
use crate::snapshot::{JobStatus, Phase};

impl World {
    /// Only after a change: every change marks the world as dirty until it is published.
    pub(crate) fn reconcile(&mut self) {
        if !self.dirty {
            return;
        }
        let deployments: Vec<Deployment> = self.deployments.values().cloned().collect();
        for deployment in deployments {
            if let Err(error) = self.reconcile_deployment(&deployment) {
                self.events.warning(
                    "Failed",
                    format!("Deployment/{}", deployment.metadata.name),
                    error.to_string(),
                );
            }
        }
        let jobs: Vec<Job> = self.jobs.values().cloned().collect();
        for job in jobs {
            if let Err(error) = self.reconcile_job(&job) {
                self.events.warning(
                    "Failed",
                    format!("Job/{}", job.metadata.name),
                    error.to_string(),
                );
            }
        }
    }

    fn reconcile_deployment(&mut self, deployment: &Deployment) -> Result<(), StageError> {
        let (name, namespace) = (&deployment.metadata.name, &deployment.metadata.namespace);
        let hash = template_hash(&deployment.spec.template);
        let owner = format!("Deployment/{name}");
        let mine = || {
            self.pods.iter().filter(|(_, pod)| pod.owner == owner && pod.namespace == *namespace)
        };
        let (living, leaving): (Vec<_>, Vec<_>) =
            mine().partition(|(_, pod)| pod.terminating.is_none());
        let views: Vec<View> = living
            .iter()
            .map(|(_, pod)| View { current: pod.hash == hash, ready: pod.ready() })
            .collect();
        let plan = rollout::plan(&deployment.spec, &views, leaving.len());
        let delete: Vec<Key> = plan.delete.iter().map(|&index| living[index].0.clone()).collect();
        for key in delete {
            self.terminate(&key, grace(&deployment.spec.template.spec));
        }
        for _ in 0..plan.create {
            let base = format!("{name}-{hash}");
            self.create_pod(owner.clone(), &base, namespace, &deployment.spec.template, &hash)?;
        }
        Ok(())
    }

    fn reconcile_job(&mut self, job: &Job) -> Result<(), StageError> {
        let key = (job.metadata.namespace.clone(), job.metadata.name.clone());
        if self.outcomes.contains_key(&key) {
            return Ok(());
        }
        let status = self.job_status(job);
        if let Some(complete) = status.outcome {
            self.outcomes.insert(key, complete);
            let object = format!("Job/{}", job.metadata.name);
            if complete {
                self.events.normal("Completed", object, "enough pods ended well");
            } else {
                self.events.warning("BackoffLimitExceeded", object, "too many pods ended badly");
                self.end_active_pods(job);
            }
            return Ok(());
        }
        let spec = &job.spec;
        let left = spec.completions.unwrap_or(spec.parallelism).saturating_sub(status.succeeded);
        let wanted = spec.parallelism.min(left).saturating_sub(status.active);
        for _ in 0..wanted {
            let owner = format!("Job/{}", job.metadata.name);
            let hash = template_hash(&spec.template);
            self.create_pod(
                owner,
                &job.metadata.name,
                &job.metadata.namespace,
                &spec.template,
                &hash,
            )?;
        }
        Ok(())
    }

    /// A Job that gave up runs nothing any more; what has ended stays for people to look at.
    fn end_active_pods(&mut self, job: &Job) {
        let owner = format!("Job/{}", job.metadata.name);
        let active = self.pods.iter().filter(|(_, pod)| {
            pod.owner == owner && pod.namespace == job.metadata.namespace && !pod.finished()
        });
        let active: Vec<Key> = active.map(|(key, _)| key.clone()).collect();
        active.iter().for_each(|key| self.terminate(key, grace(&job.spec.template.spec)));
    }

    pub(crate) fn job_status(&self, job: &Job) -> JobStatus {
        let owner = format!("Job/{}", job.metadata.name);
        let mine = || {
            self.pods.values().filter(|p| p.owner == owner && p.namespace == job.metadata.namespace)
        };
        let count = |test: fn(&Pod) -> bool| mine().filter(|pod| test(pod)).count() as u32;
        let succeeded = count(|pod| pod.phase() == Phase::Succeeded);
        // Under `OnFailure` a pod restarts its container in place; those failures count against the
        // limit too.
        let restarts =
            mine().flat_map(|pod| &pod.containers).map(|c| c.life.saturating_sub(1)).sum::<u32>();
        let failed = count(|pod| pod.phase() == Phase::Failed);
        let complete = succeeded >= job.spec.completions.unwrap_or(job.spec.parallelism);
        let given_up = failed + restarts > job.spec.backoff_limit;
        let judged = if complete { Some(true) } else { given_up.then_some(false) };
        let key = (job.metadata.namespace.clone(), job.metadata.name.clone());
        // What was once decided stays, even when pods are removed and the counts change.
        let recorded = self.outcomes.get(&key).copied();
        JobStatus {
            name: job.metadata.name.clone(),
            namespace: job.metadata.namespace.clone(),
            active: count(|pod| {
                matches!(pod.phase(), Phase::Pending | Phase::Running) && pod.terminating.is_none()
            }),
            succeeded,
            failed,
            outcome: recorded.or(judged),
        }
    }
}

/// The grace period as written: it bounds a program, and programs do not run on the stage clock.
pub(crate) fn grace(spec: &PodSpec) -> Duration {
    Duration::from_secs(spec.termination_grace_period_seconds)
}
