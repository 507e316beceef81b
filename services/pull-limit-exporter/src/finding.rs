//! What a registry says of a limit, and what it does not say.

use std::sync::{Arc, RwLock};

use oci::ratelimit::Limit;

/// What was found last, until the next round.
pub type Latest = Arc<RwLock<Vec<Finding>>>;

/// An answer to one probe.
#[derive(Clone, Debug)]
pub struct Finding {
    /// The registry, and as whom it was asked.
    pub labels: [String; 2],
    /// What it says, or why nothing is known.
    pub said: Result<Said, Failure>,
    /// When it last said something, in seconds since 1970; none if it never did.
    pub last_success: Option<f64>,
}

/// What a registry says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// How many.
    pub limit: Limit,
    /// Whose pulls it counts.
    pub source: Option<String>,
}

/// What is known, in a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// There is a limit, and numbers.
    Limited,
    /// No limit is told.
    Unlimited,
    /// A limit is told, and cannot be read: not 0, and not unlimited.
    Unreadable,
    /// There was no answer.
    Unknown,
}

/// Why nothing is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Failure {
    /// The host's name does not resolve.
    NotFound,
    /// Nobody listens, or there is no way there.
    Unreachable,
    /// Nobody answered in time.
    Timeout,
    /// The certificate is not trusted, or it is no TLS.
    Tls,
    /// What came back is no HTTP.
    Malformed,
    /// It lets nobody in, or not with this password.
    Unauthorized,
    /// It has no such image.
    NoImage,
    /// It refuses even to be looked at (429 without numbers): its limit against abuse.
    TooManyRequests,
    /// Another status.
    Status,
}

impl Failure {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::NotFound,
        Self::Unreachable,
        Self::Timeout,
        Self::Tls,
        Self::Malformed,
        Self::Unauthorized,
        Self::NoImage,
        Self::TooManyRequests,
        Self::Status,
    ];

    /// As a label.
    pub fn label(self) -> &'static str {
        match self {
            Self::NotFound => "not_found",
            Self::Unreachable => "unreachable",
            Self::Timeout => "timeout",
            Self::Tls => "tls",
            Self::Malformed => "malformed",
            Self::Unauthorized => "unauthorized",
            Self::NoImage => "no_image",
            Self::TooManyRequests => "too_many_requests",
            Self::Status => "status",
        }
    }
}

impl State {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Limited, Self::Unlimited, Self::Unreadable, Self::Unknown];

    /// As a label.
    pub fn label(self) -> &'static str {
        match self {
            Self::Limited => "limited",
            Self::Unlimited => "unlimited",
            Self::Unreadable => "unreadable",
            Self::Unknown => "unknown",
        }
    }
}

impl Finding {
    /// In a word.
    pub fn state(&self) -> State {
        match &self.said {
            Ok(Said { limit: Limit::Limited { .. }, .. }) => State::Limited,
            Ok(Said { limit: Limit::Unlimited, .. }) => State::Unlimited,
            Ok(Said { limit: Limit::Unreadable, .. }) => State::Unreadable,
            Err(_) => State::Unknown,
        }
    }
}
