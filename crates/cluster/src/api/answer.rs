//! Why there is no answer, or not the one that was hoped for.

use serde_json::Value;

/// Longest text of a server that is shown, in characters.
const LONGEST: usize = 600;

/// The API server did not answer, or refused.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ApiError {
    /// No connection, or one that broke.
    #[error(
        "the API server {server} cannot be reached: {why}; is the cluster up, and is this its address? `kubectl cluster-info` asks, too"
    )]
    Unreachable {
        /// Which one.
        server: String,
        /// What the connection said.
        why: String,
    },
    /// Silence.
    #[error("the API server {server} did not answer within {seconds} s; ask again in a moment")]
    Late {
        /// Which one.
        server: String,
        /// How long was waited.
        seconds: u64,
    },
    /// It refused.
    #[error("the API server refuses ({code}): {message}; {remedy}")]
    Refused {
        /// The HTTP status code.
        code: u16,
        /// Its own words.
        message: String,
        /// What to do about it.
        remedy: &'static str,
    },
}

impl ApiError {
    /// A refusal in the server's own words, which are a `Status` object as a rule.
    pub(crate) fn refused(code: u16, body: &[u8]) -> Self {
        let status: Value = serde_json::from_slice(body).unwrap_or_default();
        let said = status.get("message").and_then(Value::as_str);
        let plain = || String::from_utf8_lossy(body).trim().to_owned();
        let message: String =
            said.map_or_else(plain, str::to_owned).chars().take(LONGEST).collect();
        let remedy = match code {
            401 => "log in again: the token or certificate of this context is not valid any more",
            403 => "ask whoever runs the cluster for that right in this namespace",
            404 => "`tale doctor --on cluster` shows what the cluster lacks",
            409 => "somebody else changes this object; wait, or use another namespace",
            422 | 400 => "correct the document",
            429 | 503 | 504 => "the cluster is busy or a part of it is down; try again in a moment",
            _ => "look at the API server's own log",
        };
        Self::Refused { code, message, remedy }
    }

    /// The HTTP status code of a refusal.
    pub fn code(&self) -> Option<u16> {
        match self {
            Self::Refused { code, .. } => Some(*code),
            Self::Unreachable { .. } | Self::Late { .. } => None,
        }
    }

    /// Whether asking again can help, as it does when a server restarts.
    pub fn may_pass(&self) -> bool {
        self.code().is_none_or(|code| matches!(code, 429 | 500..=599))
    }
}

/// An error and what caused it, without repetitions.
pub(super) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let said = cause.to_string();
        if !text.contains(&said) {
            text = format!("{text}: {said}");
        }
        next = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_has_the_servers_words_and_a_remedy() {
        let body = br#"{"kind":"Status","message":"pods is forbidden","code":403}"#;
        let text = ApiError::refused(403, body).to_string();
        assert!(text.contains("pods is forbidden") && text.contains("ask whoever runs"), "{text}");
        let plain = ApiError::refused(503, b"no endpoints available for service");
        assert!(plain.to_string().contains("no endpoints available"));
        assert!(plain.may_pass() && !ApiError::refused(401, b"").may_pass());
    }
}
