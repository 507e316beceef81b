//! What there is: tags, and what refers to what.

use oci::manifest::INDEX;
use oci::{Digest, Name};
use serde_json::json;

use crate::desk::Desk;
use crate::given::Given;
use crate::refusal::{Code, Refusal};
use crate::store::on_disk;

/// A repository's tags, or a page of them.
///
/// # Errors
/// There is no such repository, or no such page.
pub async fn tags(
    desk: &Desk,
    name: &Name,
    n: Option<&str>,
    last: Option<&str>,
) -> Result<Given, Refusal> {
    let number = n.map(|n| n.parse::<usize>().map_err(|_| n)).transpose();
    let number = number.map_err(|n| {
        Refusal::bad(Code::Unsupported, format!("n is {n}, and has to be a number"))
    })?;
    let last = last.map(|last| last.parse::<oci::Tag>()).transpose();
    let last = last.map_err(|why| Refusal::bad(Code::Unsupported, why.to_string()))?;
    let query: Vec<String> = number
        .map(|n| format!("n={n}"))
        .into_iter()
        .chain(last.as_ref().map(|last| format!("last={last}")))
        .collect();
    let path = format!("tags/list?{}", query.join("&"));
    if let Some(relayed) = desk.library.relayed(name, path.trim_end_matches('?')).await {
        let (answer, bytes) = relayed?;
        let link = answer.header("link").map(|link| ("Link", link.to_owned()));
        return Ok(Given::Bytes("application/json".to_owned(), bytes, link.into_iter().collect()));
    }
    if !desk.repositories.is_known(name) {
        return Err(Refusal::not_found(Code::NameUnknown, "this repository"));
    }
    let (repositories, of) = (desk.repositories.clone(), name.clone());
    let mut tags = on_disk(move || repositories.tags(&of)).await?;
    tags.retain(|tag| last.as_ref().is_none_or(|last| tag.as_str() > last.as_str()));
    let more = number.filter(|number| *number > 0 && *number < tags.len());
    tags.truncate(number.unwrap_or(usize::MAX));
    let next = more.zip(tags.last()).map(|(number, last)| {
        ("Link", format!("</v2/{name}/tags/list?n={number}&last={last}>; rel=\"next\""))
    });
    let list = json!({"name": name.as_str(), "tags": tags});
    Ok(Given::json("application/json", &list, next.into_iter().collect()))
}

/// What refers to a manifest.
///
/// # Errors
/// The disk fails, or the upstream.
pub async fn referrers(
    desk: &Desk,
    name: &Name,
    subject: &Digest,
    kind: Option<&str>,
) -> Result<Given, Refusal> {
    if let Some(relayed) = desk.library.relayed(name, &format!("referrers/{subject}")).await {
        let (_, bytes) = relayed?;
        return Ok(Given::Bytes(INDEX.to_owned(), bytes, vec![]));
    }
    let (repositories, of) = (desk.repositories.clone(), (name.clone(), subject.clone()));
    let mut found = on_disk(move || repositories.referrers(&of.0, &of.1)).await?;
    let mut headers = Vec::new();
    if let Some(kind) = kind {
        found.retain(|descriptor| descriptor.artifact_type.as_deref() == Some(kind));
        headers.push(("OCI-Filters-Applied", "artifactType".to_owned()));
    }
    let index = json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": found});
    Ok(Given::json(INDEX, &index, headers))
}
