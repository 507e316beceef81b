//! Reading: manifests, which count, and all the rest, which does not.

use std::time::Instant;

use oci::manifest::is_index;
use oci::{Digest, Name, Reference};
use rocket::http::Status;
use rocket::request::{FromRequest, Outcome};
use rocket::{Request, State, get, head};
use serde_json::json;

use crate::accept::Accept;
use crate::access::Caller;
use crate::asked::{Asked, Below};
use crate::desk::Desk;
use crate::given::Given;
use crate::lists::{referrers, tags};
use crate::metrics::Pull;
use crate::range::Part;
use crate::refusal::{Code, Refusal};
use crate::serving::Blob;
use crate::source::Source;
use crate::store::on_disk;
use crate::token::Action;

/// Who asks, what he can read, and which part of it he wants.
pub struct Client<'r> {
    caller: Caller<'r>,
    accept: Accept<'r>,
    range: Option<&'r str>,
}

#[rocket::async_trait]
impl<'r> FromRequest<'r> for Client<'r> {
    type Error = std::convert::Infallible;

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, Self::Error> {
        let (caller, accept) = (Caller::of(request), Accept::of(request));
        let range = request.headers().get_one("Range");
        Outcome::Success(Self { caller, accept, range })
    }
}

/// Whatever is read.
#[get("/v2/<below..>?<n>&<last>&<artifactType>")]
#[expect(non_snake_case, reason = "the specification's parameter")]
pub async fn pull(
    below: Below<'_>,
    n: Option<&str>,
    last: Option<&str>,
    artifactType: Option<&str>,
    client: Client<'_>,
    desk: &State<Desk>,
) -> Result<Given, Refusal> {
    let asked = below.read()?;
    let source = desk.access.allow(&client.caller, asked.name(), Action::Pull)?;
    match asked {
        Asked::Version => Ok(Given::json("application/json", &json!({}), vec![])),
        Asked::Manifest(name, reference) => {
            manifest(desk, &source, &name, &reference, &client.accept).await
        }
        Asked::Blob(name, digest) => {
            let size = desk.library.blob(&name, &digest).await?;
            let part = client.range.map(|range| Part::read(range, size)).transpose()?.flatten();
            let store = desk.store.clone();
            let blob = on_disk(move || Blob::open(&store, &digest, part)).await?;
            Ok(Given::Blob(Box::new(blob)))
        }
        Asked::Tags(name) => tags(desk, &name, n, last).await,
        Asked::Referrers(name, subject) => referrers(desk, &name, &subject, artifactType).await,
        Asked::Upload(name, id) => {
            let size = desk.sessions.hold(&name, &id)?.size();
            let headers = vec![
                ("Location", format!("/v2/{name}/blobs/uploads/{id}")),
                ("Range", format!("0-{}", size.saturating_sub(1))),
                ("Docker-Upload-UUID", id),
            ];
            Ok(Given::Nothing(headers))
        }
        Asked::NewUpload(_) => {
            let why = "uploads begin with POST";
            Err(Refusal::new(Status::MethodNotAllowed, Code::Unsupported, why))
        }
    }
}

/// Whatever is looked at. It never costs anything.
#[head("/v2/<below..>")]
pub async fn look(
    below: Below<'_>,
    client: Client<'_>,
    desk: &State<Desk>,
) -> Result<Given, Refusal> {
    let asked = below.read()?;
    let source = desk.access.allow(&client.caller, asked.name(), Action::Pull)?;
    match asked {
        Asked::Version => Ok(Given::Head("application/json".to_owned(), 2, vec![])),
        Asked::Manifest(name, reference) => {
            desk.metrics.looked();
            let seen = desk.library.look(&name, &reference).await?;
            readable(&client.accept, &seen.media_type)?;
            let mut headers = content(&seen.digest);
            if let Some(standing) = desk.limiter.look(&source, Instant::now()) {
                headers.extend(desk.quirks.headers(&source, &standing));
            }
            Ok(Given::Head(seen.media_type, seen.size as u64, headers))
        }
        Asked::Blob(name, digest) => {
            let size = desk.library.blob_size(&name, &digest).await?;
            let mut headers = content(&digest);
            headers.push(("Accept-Ranges", "bytes".to_owned()));
            Ok(Given::Head("application/octet-stream".to_owned(), size, headers))
        }
        _ => Err(Refusal::new(Status::MethodNotAllowed, Code::Unsupported, "ask for it with GET")),
    }
}

async fn manifest(
    desk: &Desk,
    source: &Source,
    name: &Name,
    reference: &Reference,
    accept: &Accept<'_>,
) -> Result<Given, Refusal> {
    let stored = desk.library.manifest(name, reference).await?;
    readable(accept, &stored.media_type)?;
    let mut headers = content(&stored.digest);
    let now = Instant::now();
    let counts = desk.counts.is_every_manifest() || !is_index(&stored.media_type);
    let standing = if counts {
        desk.limiter.take(source, now).map_err(|standing| {
            desk.metrics.pulled(Pull::Refused);
            desk.quirks.refusal(source, &standing)
        })?
    } else {
        desk.limiter.look(source, now)
    };
    let is_counted = counts && standing.is_some();
    desk.metrics.pulled(if is_counted { Pull::Counted } else { Pull::Free });
    headers.extend(standing.iter().flat_map(|standing| desk.quirks.headers(source, standing)));
    Ok(Given::Bytes(stored.media_type, stored.bytes, headers))
}

fn readable(accept: &Accept<'_>, media_type: &str) -> Result<(), Refusal> {
    if accept.takes(media_type) {
        return Ok(());
    }
    let why = format!("it is {media_type}, which the Accept lines do not take");
    Err(Refusal::new(Status::NotFound, Code::ManifestUnknown, why))
}

fn content(digest: &Digest) -> Vec<(&'static str, String)> {
    vec![("Docker-Content-Digest", digest.to_string()), ("ETag", format!("\"{digest}\""))]
}
