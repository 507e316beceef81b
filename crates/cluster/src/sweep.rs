//! Taking everything away again, and nothing else: what carries the labels of the stage, whoever
//! applied it and however that one ended.
//!
//! Experiments go first, and are waited for: a pod that goes while a fault is in it takes the fault
//! with it, but a fault that is still being injected finds its way into the next pod.

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::api::{Api, ApiError};
use crate::chaos;
use crate::error::ClusterError;
use crate::kinds::{APPLIED, EXPERIMENTS, Kind, POD, STATEFUL_SET};
use crate::names;
use crate::object::{is_ours, items, name, selector, text, title};

/// How long experiments may take to recover.
const RECOVERY: Duration = Duration::from_secs(15);
/// How long the rest may take to go.
const GONE: Duration = Duration::from_secs(40);
/// How often is looked.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// What was taken away.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// How many objects.
    pub objects: usize,
    /// What had to be helped, a sentence each.
    pub sentences: Vec<String>,
}

/// Takes away all experiments of a stage, and waits until they are gone.
///
/// # Errors
/// The API server refuses.
pub async fn experiments(api: &Api, namespace: &str) -> Result<Swept, ClusterError> {
    let mut all: Vec<(&Kind, Value)> = Vec::new();
    for kind in EXPERIMENTS {
        let list = match api.list(&kind.list(namespace)).await {
            Err(why) if why.code() == Some(403) => Vec::new(),
            list => list?,
        };
        all.extend(list.into_iter().map(|object| (kind, object)));
    }
    let makers: Vec<String> = all
        .iter()
        .filter(|(_, object)| is_ours(object, namespace))
        .map(|(_, object)| text(object, "/metadata/uid").to_owned())
        .collect();
    // What a Schedule or a Workflow of ours has made carries no label of ours.
    let made = |object: &Value| {
        let owners = items(object, "/metadata/ownerReferences").iter();
        owners.map(|owner| text(owner, "/uid")).any(|uid| makers.iter().any(|maker| maker == uid))
    };
    let mut swept = Swept::default();
    let mut waiting = tokio::task::JoinSet::new();
    for (kind, object) in
        all.iter().filter(|(_, object)| is_ours(object, namespace) || made(object))
    {
        let path = kind.path(namespace, name(object));
        api.delete(&path).await?;
        swept.objects += 1;
        let api = api.clone();
        waiting.spawn(async move { chaos::gone(&api, &path, RECOVERY).await });
    }
    while let Some(gone) = waiting.join_next().await {
        if let Ok(gone) = gone {
            swept.sentences.extend(gone?);
        }
    }
    Ok(swept)
}

/// Takes away the experiments of a stage that do not begin, or do not end. Returns what was done, a
/// sentence each.
///
/// # Errors
/// The API server refuses.
pub async fn stuck(api: &Api, namespace: &str) -> Result<Vec<String>, ClusterError> {
    let mut done = Vec::new();
    for kind in EXPERIMENTS {
        for mut object in api.list(&kind.list(namespace)).await? {
            object["kind"] = kind.kind.into();
            if is_ours(&object, namespace) && chaos::is_stuck(&object) {
                let path = kind.path(namespace, name(&object));
                api.delete(&path).await?;
                let helped = chaos::gone(api, &path, RECOVERY).await?;
                done.push(helped.unwrap_or_else(|| format!("{} was deleted", title(&object))));
            }
        }
    }
    Ok(done)
}

/// Takes away all that a stage brought, and waits until it is gone. When there is nothing, nothing
/// is done.
///
/// # Errors
/// The API server refuses, or something is still there when time is up.
pub async fn all(api: &Api, namespace: &str) -> Result<Swept, ClusterError> {
    let mut swept = experiments(api, namespace).await?;
    let end = Instant::now() + GONE;
    // In the reverse order: what watches pods goes before they do, and does not complain.
    for kind in APPLIED.iter().rev() {
        for object in ours(api, namespace, kind).await? {
            api.delete(&kind.path(namespace, name(&object))).await?;
            swept.objects += 1;
        }
    }
    loop {
        let left = left(api, namespace).await?;
        if left.is_empty() {
            break;
        }
        if Instant::now() >= end {
            let what = "everything is gone".to_owned();
            return Err(ClusterError::Late {
                what,
                seconds: GONE.as_secs(),
                seen: left.join(", "),
            });
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
    if names::take_back(api, namespace).await? {
        swept.objects += 1;
    }
    swept.objects += own_namespace(api, namespace, end).await?;
    Ok(swept)
}

/// The stage's objects of a kind. A kind that the server does not know, or that this user may not
/// see, has none: nobody who may not list can have applied.
async fn ours(api: &Api, namespace: &str, kind: &Kind) -> Result<Vec<Value>, ApiError> {
    let path = format!("{}{}", kind.list(namespace), selector(namespace));
    let list = match api.list(&path).await {
        Err(why) if why.code() == Some(403) => return Ok(Vec::new()),
        list => list?,
    };
    // The selector is the server's word; this one is ours.
    let marked = list.into_iter().map(|mut object| {
        object["kind"] = kind.kind.into();
        object
    });
    Ok(marked.filter(|object| is_ours(object, namespace)).collect())
}

/// What is still there, a name each.
async fn left(api: &Api, namespace: &str) -> Result<Vec<String>, ApiError> {
    let mut left = Vec::new();
    for kind in APPLIED.iter().chain([&STATEFUL_SET, &POD]) {
        left.extend(ours(api, namespace, kind).await?.iter().map(title));
    }
    Ok(left)
}

/// The namespace itself, if the stage has made it.
async fn own_namespace(api: &Api, namespace: &str, end: Instant) -> Result<usize, ClusterError> {
    let path = format!("/api/v1/namespaces/{namespace}");
    let object = match api.find(&path).await {
        Err(why) if why.code() == Some(403) => return Ok(0),
        object => object?,
    };
    if !object.is_some_and(|object| is_ours(&object, namespace)) {
        return Ok(0);
    }
    api.delete(&path).await?;
    while let Some(object) = api.find(&path).await? {
        if Instant::now() >= end {
            let what = format!("the namespace {namespace} is gone");
            let seen = text(&object, "/status/phase").to_owned();
            return Err(ClusterError::Late { what, seconds: GONE.as_secs(), seen });
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
    Ok(1)
}
