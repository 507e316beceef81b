//! Bringing a workshop: several attendees at a time, and the same again changes nothing.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::task::JoinSet;

use super::list::state;
use super::objects::{self, is_of, selector};
use super::{Attendee, Phase, Progress, Server, Workshop, access, attendee};
use crate::api::{Api, ApiError, Apply};
use crate::error::ClusterError;
use crate::kinds::{Kind, POD, STATEFUL_SET};
use crate::object::{name, text};

/// Attendees whose objects are applied at the same time.
const AT_ONCE: usize = 8;
/// How often a question is asked again that a busy server did not answer.
const TRIES: u32 = 4;
/// How long is waited between two tries.
const AGAIN: Duration = Duration::from_millis(500);
/// How long a namespace of an earlier workshop may take to go.
const GONE: Duration = Duration::from_secs(60);
/// How often is looked.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// Asks again when the server was busy: what is asked here does not differ the second time.
macro_rules! patiently {
    ($ask:expr) => {{
        let mut tries = TRIES;
        loop {
            tries -= 1;
            match $ask.await {
                Err(why) if tries > 0 && ApiError::may_pass(&why) => {
                    tokio::time::sleep(AGAIN).await;
                }
                answer => break answer,
            }
        }
    }};
}

/// What came of it.
#[derive(Debug)]
pub struct Brought {
    /// Everybody, in the order of their numbers.
    pub attendees: Vec<Attendee>,
    /// How long namespaces, rights and quotas took.
    pub applied: Duration,
    /// Whose pod is not ready, and why.
    pub waiting: BTreeMap<String, String>,
    /// Attendees beyond the number that was asked for, who are there and stay.
    pub more: Vec<String>,
}

/// Brings a workshop, and waits for its pods. What is there stays as it is; attendees who are
/// missing are added.
///
/// # Errors
/// A namespace of one of the names is somebody else's: then nothing was changed. Or the API server
/// refuses.
pub async fn up(
    api: &Api,
    server: &Server,
    workshop: &Workshop,
    progress: Progress<'_>,
) -> Result<Brought, ClusterError> {
    let since = Instant::now();
    let wanted: Vec<String> =
        (1..=workshop.attendees).map(|number| attendee(&workshop.name, number)).collect();
    let there = free(api, workshop, &wanted).await?;
    let shared = Arc::new((api.clone(), server.clone(), workshop.clone()));
    let mut left = wanted.iter().enumerate();
    let mut working = JoinSet::new();
    let mut attendees = BTreeMap::new();
    progress(Phase::Apply, 0);
    loop {
        while working.len() < AT_ONCE
            && let Some((at, namespace)) = left.next()
        {
            let (shared, namespace) = (Arc::clone(&shared), namespace.clone());
            working.spawn(async move {
                let (api, server, workshop) = &*shared;
                Ok::<_, ClusterError>((at, bring(api, server, workshop, &namespace).await?))
            });
        }
        match working.join_next().await {
            None => break,
            Some(brought) => {
                let (at, brought) = brought.expect("it neither panics nor is aborted")?;
                attendees.insert(at, brought);
                progress(Phase::Apply, attendees.len());
            }
        }
    }
    let applied = since.elapsed();
    let waiting = pods(api, workshop, &wanted, progress).await?;
    let more = there.into_iter().filter(|namespace| !wanted.contains(namespace)).collect();
    Ok(Brought { attendees: attendees.into_values().collect(), applied, waiting, more })
}

/// Looks whether the names are free or the workshop's, and waits for those that are on their way
/// out. Returns the namespaces of the workshop that stay.
async fn free(
    api: &Api,
    workshop: &Workshop,
    wanted: &[String],
) -> Result<Vec<String>, ClusterError> {
    let end = Instant::now() + GONE;
    loop {
        let all = api.list("/api/v1/namespaces").await?;
        let ours = |object: &&Value| is_of(object, Some(&workshop.name));
        let asked = |object: &&Value| wanted.iter().any(|one| one == name(object));
        if let Some(theirs) = all.iter().filter(asked).find(|object| !ours(object)) {
            let what = format!(
                "the namespace {} is there already and is not this workshop's",
                name(theirs)
            );
            let remedy =
                "name the workshop otherwise with --name, or remove the namespace yourself";
            return Err(ClusterError::Missing { what, remedy: remedy.to_owned() });
        }
        let leaves = |object: &&Value| text(object, "/status/phase") == "Terminating";
        let leaving: Vec<&str> = all.iter().filter(asked).filter(leaves).map(name).collect();
        if leaving.is_empty() {
            return Ok(all
                .iter()
                .filter(ours)
                .filter(|one| !leaves(one))
                .map(|one| name(one).to_owned())
                .collect());
        }
        if Instant::now() >= end {
            let what = "what an earlier workshop left is gone".to_owned();
            return Err(ClusterError::Late {
                what,
                seconds: GONE.as_secs(),
                seen: leaving.join(", "),
            });
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// All of one attendee.
async fn bring(
    api: &Api,
    server: &Server,
    workshop: &Workshop,
    namespace: &str,
) -> Result<Attendee, ClusterError> {
    let path = format!("/api/v1/namespaces/{namespace}");
    let there = patiently!(api.find(&path))?.is_some();
    // Between the look at all of them and now it may have become somebody's.
    let how = if there { Apply::Ours } else { Apply::Gently };
    let object = objects::namespace(&workshop.name, namespace);
    patiently!(api.apply(&path, &object, how))?;
    for (kind, object) in objects::rights(&workshop.name, namespace) {
        apply(api, kind, namespace, &object).await?;
    }
    let path = STATEFUL_SET.path(namespace, objects::STAGE);
    let has_pod = there && patiently!(api.find(&path))?.is_some();
    if !has_pod || workshop.replace {
        let (kind, object) = objects::stage(&workshop.name, namespace, &workshop.image);
        apply(api, kind, namespace, &object).await?;
    }
    access::attendee(api, server, &workshop.name, namespace, workshop.valid).await
}

async fn apply(
    api: &Api,
    kind: &Kind,
    namespace: &str,
    object: &Value,
) -> Result<(), ClusterError> {
    let path = kind.path(namespace, name(object));
    patiently!(api.apply(&path, object, Apply::Ours))?;
    Ok(())
}

/// Waits for the pods. Returns whose is not ready when time is up, or when waiting does not help
/// any of them.
async fn pods(
    api: &Api,
    workshop: &Workshop,
    wanted: &[String],
    progress: Progress<'_>,
) -> Result<BTreeMap<String, String>, ClusterError> {
    let end = Instant::now() + workshop.within;
    let path = format!("{}{}", POD.list_all(), selector(Some(&workshop.name)));
    loop {
        let pods = patiently!(api.list(&path))?;
        let mut waiting = BTreeMap::new();
        let mut hopeless = true;
        for namespace in wanted {
            let pod = pods.iter().find(|pod| text(pod, "/metadata/namespace") == namespace);
            let state = state(pod);
            if !state.ready {
                hopeless &= state.hopeless;
                waiting.insert(namespace.clone(), state.words);
            }
        }
        progress(Phase::Pods, wanted.len() - waiting.len());
        if waiting.is_empty() || hopeless || Instant::now() >= end {
            return Ok(waiting);
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}
