//! Why a request is refused: one line of text, with the status and when to come back.

use rocket::Responder;
use rocket::http::{Header, Status};

/// The answer to a request that is refused.
#[derive(Debug, Responder)]
pub(crate) enum Refused {
    /// The request is wrong, or took too long to arrive.
    Wrong((Status, String)),
    /// There is no room for it now.
    #[response(status = 503)]
    Busy(&'static str, Header<'static>),
}

impl From<(Status, String)> for Refused {
    fn from(wrong: (Status, String)) -> Self {
        Self::Wrong(wrong)
    }
}

/// Seconds after which trying again is worth while.
pub(crate) fn retry_after() -> Header<'static> {
    Header::new("Retry-After", "1")
}
