//! Taking a workshop away: its namespaces, and with them all that lies in them.

use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::task::JoinSet;

use super::WorkshopName;
use super::objects::{is_of, selector};
use crate::api::Api;
use crate::error::ClusterError;
use crate::object::{items, name, text};

/// How long everything may take to go.
const GONE: Duration = Duration::from_secs(120);
/// How often is looked.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// Takes away a workshop, or some of its attendees, and waits until they are gone. Returns how many
/// namespaces that were. `progress` is called with how many are still there.
///
/// # Errors
/// There is no such attendee: then nothing is changed. Or the API server refuses, or something is
/// still there when time is up.
pub async fn down(
    api: &Api,
    workshop: &WorkshopName,
    only: &[String],
    progress: &(dyn Fn(usize) + Sync),
) -> Result<usize, ClusterError> {
    let path = format!("/api/v1/namespaces{}", selector(Some(workshop)));
    let there = async || -> Result<Vec<Value>, ClusterError> {
        let all = api.list(&path).await?.into_iter();
        // The selector is the server's word; this one is ours.
        let ours = all.filter(|object| is_of(object, Some(workshop)));
        Ok(ours
            .filter(|one| only.is_empty() || only.iter().any(|name| name == self::name(one)))
            .collect())
    };
    let namespaces = there().await?;
    if let Some(missing) =
        only.iter().find(|one| namespaces.iter().all(|there| name(there) != *one))
    {
        let what = format!("the workshop {workshop} has no attendee {missing}");
        let remedy = format!("`tale workshop list --name {workshop}` shows who is there");
        return Err(ClusterError::Missing { what, remedy });
    }
    let mut deleting = JoinSet::new();
    for namespace in &namespaces {
        let (api, path) = (api.clone(), format!("/api/v1/namespaces/{}", name(namespace)));
        deleting.spawn(async move { api.delete(&path).await });
    }
    while let Some(deleted) = deleting.join_next().await {
        deleted.expect("it neither panics nor is aborted")?;
    }
    let end = Instant::now() + GONE;
    loop {
        let left = there().await?;
        progress(left.len());
        let Some(first) = left.first() else {
            return Ok(namespaces.len());
        };
        if Instant::now() >= end {
            let what = format!(
                "{} of {} namespaces are gone",
                namespaces.len() - left.len(),
                namespaces.len()
            );
            let seen = format!("{} is still there: {}", name(first), held_by(first));
            return Err(ClusterError::Late { what, seconds: GONE.as_secs(), seen });
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// What holds a namespace, in the server's words.
fn held_by(namespace: &Value) -> String {
    let conditions = items(namespace, "/status/conditions").iter();
    let mut holding = conditions.filter(|one| text(one, "/status") == "True");
    holding
        .next()
        .map_or("nothing is said about why".to_owned(), |one| text(one, "/message").to_owned())
}
