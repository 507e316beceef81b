//! Container images with a pull limit: a registry that counts as Docker Hub does.
//!
//! What is pushed is served by what it is; who pulls is told how many pulls are left, and refused
//! when none is. As a `cache` it has what another registry has, for as long as it remembers it.
//! Next: `pull.rs`, where most requests arrive; `limit.rs`, for the story.

pub mod accept;
pub mod access;
pub mod asked;
pub mod cache;
pub mod contents;
pub mod control;
pub mod desk;
pub mod given;
pub mod library;
pub mod limit;
pub mod lists;
pub mod manifests;
pub mod metrics;
pub mod pull;
pub mod push;
pub mod quirks;
pub mod range;
pub mod refusal;
pub mod repositories;
pub mod seen;
pub mod serving;
pub mod sessions;
pub mod settings;
pub mod source;
pub mod store;
pub mod taken;
#[cfg(test)]
mod tests;
pub mod token;
pub mod upstream;

use instrument::{Service, StartError, traced};
use rocket::fairing::AdHoc;
use rocket::http::{Header, Method, Status};
use rocket::serde::json::Json;
use rocket::{Build, Rocket, State, get, routes};
use serde::Serialize;

use access::Caller;
use desk::Desk;
use refusal::{Code, Refusal};

/// The service, ready to launch.
///
/// # Errors
/// If a setting cannot be used.
pub fn build(service: &mut Service) -> Result<Rocket<Build>, StartError> {
    let desk = settings::desk(service)?;
    let (limiter, sessions) = (desk.limiter.clone(), desk.sessions.clone());
    service.control(|admin| control::mount(admin, limiter));
    service.background("uploads", sessions::sweep(sessions));
    service.stream(is_content);
    let routes = routes![
        index,
        give_token,
        pull::pull,
        pull::look,
        push::begin,
        push::send,
        push::put,
        push::give_up
    ];
    let says_its_version = AdHoc::on_response("version", |_, response| {
        Box::pin(async move {
            response.set_header(Header::new("Docker-Distribution-Api-Version", "registry/2.0"));
        })
    });
    Ok(service.rocket().attach(says_its_version).manage(desk).mount("/", traced(routes)))
}

/// Layers are long, in both directions.
fn is_content(method: Method, path: &str) -> bool {
    let writes = matches!(method, Method::Post | Method::Put | Method::Patch);
    path.starts_with("/v2/") && (writes || path.contains("/blobs/"))
}

#[get("/")]
fn index() -> &'static str {
    "A registry: skopeo copy docker://this-host/name:tag dir:here; how many pulls are left, \
     to a HEAD of /v2/name/manifests/tag\n"
}

/// A token.
#[derive(Serialize)]
struct Issued {
    token: String,
    access_token: String,
    expires_in: u64,
}

#[get("/token?<scope>")]
fn give_token(
    scope: Vec<&str>,
    caller: Caller<'_>,
    desk: &State<Desk>,
) -> Result<Json<Issued>, Refusal> {
    let Some(tokens) = &desk.access.tokens else {
        return Err(Refusal::not_found(Code::Unsupported, "a token: nobody is asked for one"));
    };
    // Who says who he is has to be it: nobody wonders later why he is nobody.
    let account = caller.authorization().map(|header| {
        tokens.account(header).ok_or_else(|| {
            let why = "incorrect username or password";
            Refusal::new(Status::Unauthorized, Code::Unauthorized, why)
        })
    });
    let token = tokens.issue(account.transpose()?, &scope);
    let access_token = token.clone();
    Ok(Json(Issued { token, access_token, expires_in: token::SECONDS }))
}
