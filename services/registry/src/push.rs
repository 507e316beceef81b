//! Writing: blobs first, then the manifest that needs them.

use instrument::Upload;
use oci::{Digest, Name};
use rocket::http::Status;
use rocket::request::{FromRequest, Outcome};
use rocket::{Request, State, delete, patch, post, put};

use crate::access::Caller;
use crate::asked::{Asked, Below};
use crate::desk::Desk;
use crate::manifests::{take_manifest, whole};
use crate::refusal::{Code, Refusal};
use crate::repositories::Repositories;
use crate::sessions::{Held, finish, receive};
use crate::store::on_disk;
use crate::taken::{Taken, accepted, created, so_far};
use crate::token::Action;

/// What is said of a body.
pub struct Announced<'r> {
    kind: &'r str,
    range: Option<&'r str>,
}

#[rocket::async_trait]
impl<'r> FromRequest<'r> for Announced<'r> {
    type Error = std::convert::Infallible;

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, Self::Error> {
        let header = |name| request.headers().get_one(name);
        let kind = header("Content-Type").and_then(|kind| kind.split(';').next());
        let kind = kind.unwrap_or_default().trim();
        Outcome::Success(Self { kind, range: header("Content-Range") })
    }
}

/// An upload begins. It may be over at once: the whole blob may come with it, or be here already.
#[post("/v2/<below..>?<digest>&<mount>&<from>", data = "<upload>")]
pub async fn begin(
    below: Below<'_>,
    digest: Option<&str>,
    mount: Option<&str>,
    from: Option<&str>,
    mut upload: Upload<'_>,
    caller: Caller<'_>,
    desk: &State<Desk>,
) -> Result<Taken, Refusal> {
    let Asked::NewUpload(name) = below.read()? else {
        return Err(unsupported());
    };
    desk.access.allow(&caller, Some(&name), Action::Push)?;
    let repositories = desk.library.to_push_to()?;
    if let (Some(Ok(digest)), Some(Ok(from))) =
        (mount.map(str::parse::<Digest>), from.map(str::parse::<Name>))
    {
        // Who may not read it there may not have it here either.
        let readable = desk.access.allow(&caller, Some(&from), Action::Pull).is_ok();
        if readable && repositories.blob(&from, &digest).is_some() {
            keep_blob(repositories, &name, &digest).await?;
            return Ok(created(&name, "blobs", &digest));
        }
    }
    let digest = digest.map(parse_digest).transpose()?;
    let id = desk.sessions.begin(&name)?;
    let Some(digest) = digest else { return Ok(accepted(&name, &id, 0)) };
    let arrived = receive(desk.sessions.hold(&name, &id)?, &mut upload).await;
    let kept = match arrived {
        Ok(held) => finish(held, desk.store.clone(), digest.clone()).await,
        Err(why) => Err(why),
    };
    desk.sessions.end(&id);
    kept?;
    keep_blob(repositories, &name, &digest).await?;
    Ok(created(&name, "blobs", &digest))
}

/// More of an upload.
#[patch("/v2/<below..>", data = "<upload>")]
pub async fn send(
    below: Below<'_>,
    announced: Announced<'_>,
    mut upload: Upload<'_>,
    caller: Caller<'_>,
    desk: &State<Desk>,
) -> Result<Taken, Refusal> {
    let Asked::Upload(name, id) = below.read()? else { return Err(unsupported()) };
    desk.access.allow(&caller, Some(&name), Action::Push)?;
    let held = desk.sessions.hold(&name, &id)?;
    in_order(&announced, &name, &id, held.size())?;
    let held = received(desk, &id, held, &mut upload).await?;
    Ok(accepted(&name, &id, held.size()))
}

/// The end of an upload, or a manifest.
#[put("/v2/<below..>?<digest>", data = "<upload>")]
pub async fn put(
    below: Below<'_>,
    digest: Option<&str>,
    announced: Announced<'_>,
    mut upload: Upload<'_>,
    caller: Caller<'_>,
    desk: &State<Desk>,
) -> Result<Taken, Refusal> {
    let asked = below.read()?;
    let name = asked.name().ok_or_else(unsupported)?.clone();
    desk.access.allow(&caller, Some(&name), Action::Push)?;
    let repositories = desk.library.to_push_to()?;
    match asked {
        Asked::Upload(_, id) => {
            let digest = digest.ok_or_else(|| {
                Refusal::bad(Code::DigestInvalid, "an upload ends with ?digest=sha256:..")
            })?;
            let digest = parse_digest(digest)?;
            let held = desk.sessions.hold(&name, &id)?;
            in_order(&announced, &name, &id, held.size())?;
            let held = received(desk, &id, held, &mut upload).await?;
            let kept = finish(held, desk.store.clone(), digest.clone()).await;
            desk.sessions.end(&id);
            kept?;
            keep_blob(repositories, &name, &digest).await?;
            Ok(created(&name, "blobs", &digest))
        }
        Asked::Manifest(_, reference) => {
            let bytes = whole(&mut upload).await?;
            take_manifest(repositories, name, reference, announced.kind, bytes).await
        }
        _ => Err(unsupported()),
    }
}

/// An upload is given up. Nothing else can be taken away here.
#[delete("/v2/<below..>")]
pub async fn give_up(
    below: Below<'_>,
    caller: Caller<'_>,
    desk: &State<Desk>,
) -> Result<Taken, Refusal> {
    let Asked::Upload(name, id) = below.read()? else { return Err(unsupported()) };
    desk.access.allow(&caller, Some(&name), Action::Push)?;
    drop(desk.sessions.hold(&name, &id)?);
    desk.sessions.end(&id);
    Ok(Taken::given_up())
}

/// What arrives for an upload. Where there is no room for it, what has come gives its own back.
async fn received(
    desk: &Desk,
    id: &str,
    held: Held,
    upload: &mut Upload<'_>,
) -> Result<Held, Refusal> {
    let received = receive(held, upload).await;
    if received.as_ref().is_err_and(|why| why.status() == Status::InsufficientStorage) {
        desk.sessions.end(id);
    }
    received
}

async fn keep_blob(
    repositories: &Repositories,
    name: &Name,
    digest: &Digest,
) -> Result<(), Refusal> {
    let (repositories, name, digest) = (repositories.clone(), name.clone(), digest.clone());
    Ok(on_disk(move || repositories.add_blob(&name, &digest)).await?)
}

/// Pieces follow each other: `Content-Range: 100-199` after 100 bytes.
fn in_order(announced: &Announced<'_>, name: &Name, id: &str, size: u64) -> Result<(), Refusal> {
    let Some(range) = announced.range else { return Ok(()) };
    let first = range.trim().trim_start_matches("bytes ").split('-').next();
    if first.and_then(|first| first.trim().parse().ok()) == Some(size) {
        return Ok(());
    }
    let why = format!("there are {size} bytes: go on from there");
    let status = Status::RangeNotSatisfiable;
    let refusal = Refusal::new(status, Code::BlobUploadInvalid, why);
    let location = format!("/v2/{name}/blobs/uploads/{id}");
    Err(refusal.with("Location", location).with("Range", so_far(size)))
}

fn parse_digest(text: &str) -> Result<Digest, Refusal> {
    text.parse().map_err(|why| Refusal::bad(Code::DigestInvalid, format!("{text:?}: {why}")))
}

fn unsupported() -> Refusal {
    let why = "this cannot be done here";
    Refusal::new(Status::MethodNotAllowed, Code::Unsupported, why)
}
