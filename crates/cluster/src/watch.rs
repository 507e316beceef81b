//! Looking at pods and Deployments: whether a rollout is complete, and why it is not.

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::api::Api;
use crate::error::ClusterError;
use crate::kinds::{self, POD};
use crate::object::{items, name, number, text};

/// How often is looked.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// How often a container may end before nobody believes in it any more.
const ENDS: u32 = 2;
/// The word for a pod that no node has room for.
const UNSCHEDULABLE: &str = "Unschedulable";
/// How often is looked for a log.
const LOG_LOOKS: u32 = 12;
/// What the kubelet writes in place of a log that is gone already.
const NO_LOG: &str = "unable to retrieve container logs";
/// Lines of a log that are shown.
const LINES: u32 = 5;

/// Waits until a Deployment is rolled out: its current template everywhere, everything available,
/// and no pod of an earlier template left, except on its way out.
///
/// # Errors
/// A pod that cannot come up, as soon as that can be known, with the last lines of its log; or time
/// is up.
pub async fn rolled_out(
    api: &Api,
    namespace: &str,
    deployment: &str,
    within: Duration,
) -> Result<(), ClusterError> {
    let wanted = Wanted {
        of: ("apps/v1", "Deployment", deployment),
        is: "rolled out",
        holds: complete,
        seen: counts,
    };
    until(api, namespace, &wanted, within).await
}

/// Waits until a Job is done.
///
/// # Errors
/// A pod that cannot come up, or ends again and again; or time is up.
pub async fn done(
    api: &Api,
    namespace: &str,
    job: &str,
    within: Duration,
) -> Result<(), ClusterError> {
    let wanted = Wanted {
        of: ("batch/v1", "Job", job),
        is: "done",
        holds: |job| number(job, "/status/succeeded") > 0,
        seen: |_| "it has not ended".to_owned(),
    };
    until(api, namespace, &wanted, within).await
}

/// What is waited for.
struct Wanted<'n> {
    /// The version, kind and name of an object that makes pods.
    of: (&'static str, &'static str, &'n str),
    /// What it is to be, in a word.
    is: &'static str,
    /// Whether it is.
    holds: fn(&Value) -> bool,
    /// What is seen of it meanwhile.
    seen: fn(&Value) -> String,
}

async fn until(
    api: &Api,
    namespace: &str,
    wanted: &Wanted<'_>,
    within: Duration,
) -> Result<(), ClusterError> {
    let (version, kind, name) = wanted.of;
    let path = kinds::find(version, kind).expect("it is in the list").path(namespace, name);
    let end = Instant::now() + within;
    loop {
        let seen = match api.look(&path).await {
            Ok(object) if (wanted.holds)(&object) => return Ok(()),
            Ok(object) => {
                if let Some(why) = in_the_way(api, namespace, &object).await {
                    return Err(why);
                }
                (wanted.seen)(&object)
            }
            Err(why) if why.may_pass() => why.to_string(),
            Err(why) => return Err(why.into()),
        };
        if Instant::now() >= end {
            let what = format!("{kind} {namespace}/{name} is {}", wanted.is);
            return Err(ClusterError::Late { what, seconds: within.as_secs(), seen });
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// As `kubectl rollout status` has it. A status that was written for an earlier generation says
/// nothing about this one.
pub fn complete(deployment: &Value) -> bool {
    let status = |field: &str| number(deployment, &format!("/status/{field}"));
    let replicas = replicas(deployment);
    status("observedGeneration") >= number(deployment, "/metadata/generation")
        && status("updatedReplicas") == replicas
        && status("availableReplicas") == replicas
        && status("replicas") == replicas
}

/// How many pods are wanted.
pub fn replicas(deployment: &Value) -> u32 {
    let wanted = deployment.pointer("/spec/replicas").and_then(Value::as_u64).unwrap_or(1);
    u32::try_from(wanted).unwrap_or(u32::MAX)
}

fn counts(deployment: &Value) -> String {
    format!(
        "{} of {} pods are new, {} are available",
        number(deployment, "/status/updatedReplicas"),
        replicas(deployment),
        number(deployment, "/status/availableReplicas")
    )
}

/// What waiting will not help: no pod may be made, or one of them cannot come up.
async fn in_the_way(api: &Api, namespace: &str, deployment: &Value) -> Option<ClusterError> {
    let mut conditions = items(deployment, "/status/conditions").iter();
    if let Some(refused) = conditions.find(|one| text(one, "/type") == "ReplicaFailure") {
        return Some(ClusterError::Pod {
            pod: format!("Deployment {namespace}/{}", name(deployment)),
            reason: format!("{}: {}", text(refused, "/reason"), text(refused, "/message")),
            remedy: "the namespace refuses its pods: change its quota, its Pod Security level or its policy",
        });
    }
    let labels = deployment.pointer("/spec/selector/matchLabels")?.as_object()?;
    let pairs = labels.iter().map(|(key, value)| {
        format!("{}%3D{}", key.replace('/', "%2F"), value.as_str().unwrap_or_default())
    });
    let selector: Vec<String> = pairs.collect();
    let path = format!("{}?labelSelector={}", POD.list(namespace), selector.join("%2C"));
    let pods = api.list(&path).await.ok()?;
    let living = pods.iter().filter(|pod| pod.pointer("/metadata/deletionTimestamp").is_none());
    for pod in living {
        // Room may still be made: pods of an earlier stage are on their way out.
        if let Some(trouble) = trouble(pod).filter(|trouble| trouble.reason != UNSCHEDULABLE) {
            return Some(told(api, pod, trouble).await);
        }
    }
    None
}

/// What keeps the pod at a path from coming up, if waiting will not help.
pub(crate) async fn in_trouble(api: &Api, path: &str) -> Option<ClusterError> {
    let pod = api.look(path).await.ok()?;
    let trouble = trouble(&pod).filter(|trouble| trouble.reason != UNSCHEDULABLE)?;
    Some(told(api, &pod, trouble).await)
}

/// What keeps a pod from coming up.
#[derive(Debug, PartialEq, Eq)]
pub struct Trouble {
    /// The container.
    pub container: String,
    /// The word that Kubernetes has for it.
    pub reason: String,
    /// Its sentence.
    pub message: String,
    /// Whether the log of the life before has more to say.
    pub ended: bool,
}

/// What keeps a pod from coming up, if waiting will not help.
pub fn trouble(pod: &Value) -> Option<Trouble> {
    for list in ["initContainerStatuses", "containerStatuses"] {
        for status in items(pod, &format!("/status/{list}")) {
            let reason = text(status, "/state/waiting/reason");
            let ended = number(status, "/restartCount") >= ENDS
                || reason == "CrashLoopBackOff"
                || text(status, "/state/terminated/reason") == "Error"
                    && number(status, "/restartCount") > 0;
            let no_image =
                ["ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull"];
            let refused =
                ["CreateContainerConfigError", "CreateContainerError", "RunContainerError"];
            let ready = status.get("ready").and_then(Value::as_bool).unwrap_or_default();
            if !ready && (ended || no_image.contains(&reason) || refused.contains(&reason)) {
                let exit = number(status, "/lastState/terminated/exitCode");
                let message = text(status, "/state/waiting/message").to_owned();
                return Some(Trouble {
                    container: text(status, "/name").to_owned(),
                    reason: if reason.is_empty() { "Error".to_owned() } else { reason.to_owned() },
                    message: if ended { format!("it ended with code {exit}") } else { message },
                    ended,
                });
            }
        }
    }
    let unschedulable = items(pod, "/status/conditions").iter().find(|condition| {
        text(condition, "/type") == "PodScheduled" && text(condition, "/status") == "False"
    })?;
    Some(Trouble {
        container: String::new(),
        reason: text(unschedulable, "/reason").to_owned(),
        message: text(unschedulable, "/message").to_owned(),
        ended: false,
    })
}

async fn told(api: &Api, pod: &Value, trouble: Trouble) -> ClusterError {
    let log = if trouble.ended { log(api, pod, &trouble.container).await } else { String::new() };
    let Trouble { reason, message, ended, .. } = trouble;
    let remedy = match reason.as_str() {
        _ if ended => "correct what its log says",
        UNSCHEDULABLE => "make room on the nodes",
        reason if reason.contains("Image") => {
            "bring it to the nodes (`tale images load` the project's own), or name another with --image or --use-image"
        }
        _ => "`kubectl describe pod` says more",
    };
    let log = if log.is_empty() { log } else { format!("; its log ends with:\n{log}\n") };
    let pod = format!("pod {}/{}", text(pod, "/metadata/namespace"), name(pod));
    ClusterError::Pod { pod, reason: format!("{reason}: {message}{log}"), remedy }
}

/// The last lines of a container, of its last life if it has had several. Between two lives there
/// may be neither for a moment.
pub async fn log(api: &Api, pod: &Value, container: &str) -> String {
    let path = POD.path(text(pod, "/metadata/namespace"), name(pod));
    for _ in 0..LOG_LOOKS {
        for previous in ["true", "false"] {
            let query = format!("container={container}&tailLines={LINES}&previous={previous}");
            let said = api.text(&format!("{path}/log?{query}")).await.unwrap_or_default();
            if !said.trim().is_empty() && !said.starts_with(NO_LOG) {
                let lines = said.trim().lines().map(|line| format!("    {line}"));
                return lines.collect::<Vec<_>>().join("\n");
            }
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
    String::new()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_rollout_that_was_not_yet_seen_is_not_complete() {
        let mut deployment = json!({"metadata": {"generation": 2}, "spec": {"replicas": 2},
            "status": {"observedGeneration": 1, "replicas": 2, "updatedReplicas": 2, "availableReplicas": 2}});
        assert!(!complete(&deployment));
        deployment["status"]["observedGeneration"] = json!(2);
        assert!(complete(&deployment));
        deployment["status"]["replicas"] = json!(3);
        assert!(!complete(&deployment), "an old pod is still there");
    }

    #[test]
    fn what_waiting_does_not_help_is_known_at_once() {
        let pod = |status: Value| json!({"status": {"containerStatuses": [status]}});
        let image = json!({"name": "a", "restartCount": 0, "ready": false,
            "state": {"waiting": {"reason": "ErrImagePull", "message": "no such host"}}});
        assert_eq!(trouble(&pod(image)).unwrap().reason, "ErrImagePull");
        let crash = json!({"name": "a", "restartCount": 2, "ready": false, "state": {"running": {}},
            "lastState": {"terminated": {"exitCode": 2}}});
        assert!(trouble(&pod(crash)).unwrap().ended);
        let starting = json!({"name": "a", "restartCount": 0, "ready": false,
            "state": {"waiting": {"reason": "ContainerCreating"}}});
        assert_eq!(trouble(&pod(starting)), None);
    }
}
