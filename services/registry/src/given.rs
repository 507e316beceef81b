//! What is given out, in each of its forms.

use std::io::Cursor;

use rocket::Request;
use rocket::http::{Header, Status};
use rocket::response::{self, Responder, Response};

use crate::serving::Blob;

/// What is given out.
pub enum Given {
    /// Bytes, of a kind.
    Bytes(String, Vec<u8>, Vec<(&'static str, String)>),
    /// What a HEAD says: a length, and no bytes.
    Head(String, u64, Vec<(&'static str, String)>),
    /// Headers alone.
    Nothing(Vec<(&'static str, String)>),
    /// A blob.
    Blob(Box<Blob>),
}

impl Given {
    /// JSON.
    pub fn json(
        kind: &str,
        json: &serde_json::Value,
        headers: Vec<(&'static str, String)>,
    ) -> Self {
        Self::Bytes(kind.to_owned(), json.to_string().into_bytes(), headers)
    }
}

impl<'r> Responder<'r, 'r> for Given {
    fn respond_to(self, request: &'r Request<'_>) -> response::Result<'r> {
        let mut response = Response::build();
        let (kind, headers) = match self {
            Self::Blob(blob) => return blob.respond_to(request),
            Self::Nothing(headers) => {
                response.status(Status::NoContent);
                (String::new(), headers)
            }
            Self::Bytes(kind, bytes, headers) => {
                response.sized_body(bytes.len(), Cursor::new(bytes));
                (kind, headers)
            }
            Self::Head(kind, size, headers) => {
                let size = usize::try_from(size).unwrap_or(usize::MAX);
                response.sized_body(size, Cursor::new(Vec::new()));
                (kind, headers)
            }
        };
        if !kind.is_empty() {
            response.header(Header::new("Content-Type", kind));
        }
        for (name, value) in headers {
            response.header(Header::new(name, value));
        }
        response.ok()
    }
}
