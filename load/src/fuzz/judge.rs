//! Is what came of a request what no server should do?

use std::time::Duration;

use super::{exchange::Outcome, message::Message};

/// Is this what no server should do, whatever it is sent?
pub(crate) fn is_failure(message: &Message, outcome: Outcome) -> bool {
    match outcome {
        // Not implemented: the right answer to a method that nobody knows (RFC 9110, 9.1).
        Outcome::Answer(501) => ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"]
            .iter()
            .any(|known| message.method == known.as_bytes()),
        Outcome::Answer(505) => message.version == b"HTTP/1.1",
        Outcome::Answer(status) => status >= 500,
        Outcome::Busy => false,
        Outcome::Silence | Outcome::Garbage => message.is_due_an_answer(),
        Outcome::Hang | Outcome::Gone => true,
    }
}

/// It in words, for whoever has to mend it.
pub(crate) fn words(outcome: Outcome, patience: Duration) -> String {
    match outcome {
        Outcome::Answer(status) => format!("status {status}"),
        Outcome::Busy => "status 503, and when to come again".to_owned(),
        Outcome::Silence => "the connection was closed without a complete answer".to_owned(),
        Outcome::Hang => format!("no complete answer within {patience:?}"),
        Outcome::Garbage => "an answer that is no HTTP".to_owned(),
        Outcome::Gone => "nobody is there any more".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fuzz::message::Body;

    #[test]
    fn what_no_server_should_do_is_a_failure() {
        let sound = Message::new("GET", "/", "there", Body::Nothing);
        let brew = Message::new("BREW", "/", "there", Body::Nothing);
        let broken = Message { line_end: b"\n", ..sound.clone() };
        let old = Message { version: b"HTTP/2.0".to_vec(), ..sound.clone() };
        for (message, outcome, fails) in [
            (&sound, Outcome::Answer(404), false),
            (&sound, Outcome::Answer(500), true),
            (&broken, Outcome::Answer(500), true),
            (&sound, Outcome::Answer(501), true),
            (&sound, Outcome::Answer(503), true),
            (&sound, Outcome::Busy, false),
            (&brew, Outcome::Answer(501), false),
            (&old, Outcome::Answer(505), false),
            (&sound, Outcome::Answer(505), true),
            (&sound, Outcome::Silence, true),
            (&broken, Outcome::Silence, false),
            (&broken, Outcome::Hang, true),
            (&broken, Outcome::Gone, true),
        ] {
            assert_eq!(is_failure(message, outcome), fails, "{outcome:?}");
        }
    }
}
