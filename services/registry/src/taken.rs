//! What became of something that was sent.

use oci::{Digest, Name};
use rocket::Request;
use rocket::http::{Header, Status};
use rocket::response::{self, Responder, Response};

/// What became of it.
pub struct Taken {
    status: Status,
    headers: Vec<(&'static str, String)>,
}

impl Taken {
    /// And a header.
    pub fn with(mut self, name: &'static str, value: String) -> Self {
        self.headers.push((name, value));
        self
    }

    /// Nothing came of it.
    pub fn given_up() -> Self {
        Self { status: Status::NoContent, headers: Vec::new() }
    }
}

impl<'r> Responder<'r, 'static> for Taken {
    fn respond_to(self, _: &'r Request<'_>) -> response::Result<'static> {
        let mut response = Response::build();
        response.status(self.status);
        if self.status != Status::NoContent {
            response.sized_body(0, std::io::Cursor::new(""));
        }
        for (name, value) in self.headers {
            response.header(Header::new(name, value));
        }
        response.ok()
    }
}

/// The bytes that there are, as `Range`.
pub fn so_far(size: u64) -> String {
    format!("0-{}", size.saturating_sub(1))
}

/// There is more to come.
pub fn accepted(name: &Name, id: &str, size: u64) -> Taken {
    let headers = vec![
        ("Location", format!("/v2/{name}/blobs/uploads/{id}")),
        ("Range", so_far(size)),
        ("Docker-Upload-UUID", id.to_owned()),
    ];
    Taken { status: Status::Accepted, headers }
}

/// It is whole, and kept.
pub fn created(name: &Name, what: &str, digest: &Digest) -> Taken {
    let headers = vec![
        ("Location", format!("/v2/{name}/{what}/{digest}")),
        ("Docker-Content-Digest", digest.to_string()),
    ];
    Taken { status: Status::Created, headers }
}
