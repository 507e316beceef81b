//! What is not answered, or answered with a no: each reason is counted by itself.

/// Why something was not answered, or refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// Shorter than a header, or an answer: dropped without a word.
    NoQuestion,
    /// It cannot be read.
    Malformed,
    /// An opcode or EDNS version of others.
    NotImplemented,
    /// A zone of others.
    NotOurs,
    /// A wrong signature (TSIG).
    BadKey,
    /// A transfer that this client may not have.
    Transfer,
    /// A NOTIFY from somebody who is not the primary.
    Notify,
    /// One TCP connection too many.
    Connection,
    /// An answer to us from somebody else, or to another question.
    Spoofed,
    /// A message that made us panic: a mistake of ours. It is lost, the server goes on.
    Panicked,
}

impl Refused {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::NoQuestion,
        Self::Malformed,
        Self::NotImplemented,
        Self::NotOurs,
        Self::BadKey,
        Self::Transfer,
        Self::Notify,
        Self::Connection,
        Self::Spoofed,
        Self::Panicked,
    ];

    /// As a label.
    pub fn label(self) -> &'static str {
        match self {
            Self::NoQuestion => "no_question",
            Self::Malformed => "malformed",
            Self::NotImplemented => "not_implemented",
            Self::NotOurs => "not_ours",
            Self::BadKey => "bad_key",
            Self::Transfer => "transfer",
            Self::Notify => "notify",
            Self::Connection => "connection",
            Self::Spoofed => "spoofed",
            Self::Panicked => "panicked",
        }
    }
}
