//! What the snapshot says about pods, Deployments and Jobs.

use super::naming::template_hash;
use super::{Pod, Pods};
use crate::manifest::{Deployment, Job};
use crate::snapshot::{DeploymentStatus, JobStatus, Phase};

impl Pods {
    pub(crate) fn deployments_status(&self) -> Vec<DeploymentStatus> {
        self.deployments.values().map(|deployment| self.deployment_status(deployment)).collect()
    }

    pub(crate) fn jobs_status(&self) -> Vec<JobStatus> {
        self.jobs.values().map(|job| self.job_status(job)).collect()
    }

    fn deployment_status(&self, deployment: &Deployment) -> DeploymentStatus {
        let hash = template_hash(&deployment.spec.template);
        let name = deployment.metadata.namespaced_name();
        let living: Vec<&Pod> =
            self.owned_by("Deployment", &name).filter(|pod| !pod.terminating()).collect();
        let count = |test: &dyn Fn(&Pod) -> bool| {
            living.iter().filter(|pod| test(pod)).count() as u32 // as many as addresses, at most
        };
        DeploymentStatus {
            replicas: deployment.spec.replicas,
            updated: count(&|pod| pod.hash == hash),
            ready: count(&Pod::ready),
            updated_ready: count(&|pod| pod.hash == hash && pod.ready()),
            total: living.len() as u32,
            name: name.name,
            namespace: name.namespace,
        }
    }

    pub(super) fn job_status(&self, job: &Job) -> JobStatus {
        let name = job.metadata.namespaced_name();
        let pods: Vec<&Pod> = self.owned_by("Job", &name).collect();
        let count = |test: fn(&Pod) -> bool| pods.iter().filter(|pod| test(pod)).count() as u32;
        let succeeded = count(|pod| pod.phase() == Phase::Succeeded);
        let failed = count(|pod| pod.phase() == Phase::Failed);
        // Under `OnFailure` a pod restarts its container in place; those failures count against the
        // limit too.
        let containers = pods.iter().flat_map(|pod| &pod.containers);
        let restarts = containers.map(|c| c.life.saturating_sub(1)).sum::<u32>();
        let complete = succeeded >= job.spec.completions.unwrap_or(job.spec.parallelism);
        let given_up = failed + restarts > job.spec.backoff_limit;
        let judged = if complete { Some(true) } else { given_up.then_some(false) };
        // What was once decided stays, even when pods are removed and the counts change.
        let recorded = self.job_outcomes.get(&name).copied();
        JobStatus {
            active: count(|pod| {
                matches!(pod.phase(), Phase::Pending | Phase::Running) && !pod.terminating()
            }),
            succeeded,
            failed,
            outcome: recorded.or(judged),
            name: name.name,
            namespace: name.namespace,
        }
    }
}
