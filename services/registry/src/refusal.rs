//! Every "no", in the words that clients know.

use std::io::{self, ErrorKind};

use rocket::Request;
use rocket::http::{ContentType, Header, Status};
use rocket::response::{self, Responder, Response};
use serde_json::json;

/// The specification's codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "they are the specification's, which explains them")]
pub enum Code {
    BlobUnknown,
    BlobUploadInvalid,
    BlobUploadUnknown,
    DigestInvalid,
    ManifestBlobUnknown,
    ManifestInvalid,
    ManifestUnknown,
    NameInvalid,
    NameUnknown,
    SizeInvalid,
    Unauthorized,
    Denied,
    Unsupported,
    TooManyRequests,
    /// Everything else.
    Unknown,
}

impl Code {
    fn as_str(self) -> &'static str {
        match self {
            Self::BlobUnknown => "BLOB_UNKNOWN",
            Self::BlobUploadInvalid => "BLOB_UPLOAD_INVALID",
            Self::BlobUploadUnknown => "BLOB_UPLOAD_UNKNOWN",
            Self::DigestInvalid => "DIGEST_INVALID",
            Self::ManifestBlobUnknown => "MANIFEST_BLOB_UNKNOWN",
            Self::ManifestInvalid => "MANIFEST_INVALID",
            Self::ManifestUnknown => "MANIFEST_UNKNOWN",
            Self::NameInvalid => "NAME_INVALID",
            Self::NameUnknown => "NAME_UNKNOWN",
            Self::SizeInvalid => "SIZE_INVALID",
            Self::Unauthorized => "UNAUTHORIZED",
            Self::Denied => "DENIED",
            Self::Unsupported => "UNSUPPORTED",
            Self::TooManyRequests => "TOOMANYREQUESTS",
            Self::Unknown => "UNKNOWN",
        }
    }
}

/// A "no".
#[derive(Clone, Debug)]
pub struct Refusal {
    status: Status,
    code: Code,
    message: String,
    headers: Vec<(&'static str, String)>,
    is_plain: bool,
}

impl Refusal {
    /// With this message.
    pub fn new(status: Status, code: Code, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), headers: Vec::new(), is_plain: false }
    }

    /// There is no such thing.
    pub fn not_found(code: Code, what: &str) -> Self {
        Self::new(Status::NotFound, code, format!("{what} is not known to this registry"))
    }

    /// The request is wrong.
    pub fn bad(code: Code, why: impl Into<String>) -> Self {
        Self::new(Status::BadRequest, code, why)
    }

    /// And a header.
    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// In a line of text, as some servers answer.
    pub fn in_plain_text(mut self) -> Self {
        self.is_plain = true;
        self
    }

    /// Its status.
    pub fn status(&self) -> Status {
        self.status
    }
}

/// What went wrong with the disk. Clients are told; what exactly is for the log.
impl From<io::Error> for Refusal {
    fn from(why: io::Error) -> Self {
        tracing::error!(%why, "the disk failed");
        match why.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => {
                let status = Status::InsufficientStorage;
                Self::new(status, Code::Denied, "this registry has no room left")
            }
            _ => Self::new(Status::InternalServerError, Code::Unknown, "the disk failed"),
        }
    }
}

impl<'r> Responder<'r, 'static> for Refusal {
    fn respond_to(self, _: &'r Request<'_>) -> response::Result<'static> {
        let (kind, text) = if self.is_plain {
            (ContentType::Plain, format!("{}\n", self.message))
        } else {
            let error = json!({"code": self.code.as_str(), "message": self.message});
            (ContentType::JSON, format!("{}\n", json!({"errors": [error]})))
        };
        let mut response = Response::build();
        response.status(self.status).header(kind).sized_body(text.len(), io::Cursor::new(text));
        for (name, value) in self.headers {
            response.header(Header::new(name, value));
        }
        response.ok()
    }
}
