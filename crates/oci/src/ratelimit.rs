//! How many pulls are left, in headers that nobody has specified.
//!
//! *Lesson: "no number" is several different answers.* An account without a limit has no headers at
//! all; so has a server that knows no limits, and a proxy that dropped them. A header without a
//! number is not 0, and an exporter that makes 0 of it wakes somebody up.

/// What the headers say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Limit {
    /// So many of so many.
    Limited {
        /// Pulls in a window.
        limit: u64,
        /// Of them still to come.
        remaining: u64,
        /// Seconds of a window, if they are told.
        window_seconds: Option<u64>,
    },
    /// No header: whoever asks may pull as often as he likes, or nobody says otherwise.
    Unlimited,
    /// Headers without what they are for: `;w=21600`, or only one of the two.
    Unreadable,
}

/// Reads `ratelimit-limit` and `ratelimit-remaining` as Docker Hub sends them, or, where they are
/// missing, `RateLimit-Policy` and `RateLimit` of the draft that followed.
pub fn read<'h>(header: impl Fn(&str) -> Option<&'h str>) -> Limit {
    let (limit, remaining) = (header("ratelimit-limit"), header("ratelimit-remaining"));
    if limit.is_none() && remaining.is_none() {
        return draft(header("ratelimit-policy"), header("ratelimit"));
    }
    let (Some((limit, window)), Some((remaining, other))) =
        (limit.and_then(number), remaining.and_then(number))
    else {
        return Limit::Unreadable;
    };
    Limit::Limited { limit, remaining, window_seconds: window.or(other) }
}

/// `100;w=21600`
fn number(header: &str) -> Option<(u64, Option<u64>)> {
    let mut parts = header.split(';').map(str::trim);
    let number = parts.next()?.parse().ok()?;
    Some((number, parameter(parts, "w")))
}

/// `"pulls";q=100;w=21600` and `"pulls";r=20;t=300`
fn draft(policy: Option<&str>, now: Option<&str>) -> Limit {
    let (Some(policy), Some(now)) = (policy, now) else {
        let nothing = policy.is_none() && now.is_none();
        return if nothing { Limit::Unlimited } else { Limit::Unreadable };
    };
    let of = |header: &str, key| parameter(header.split(';').map(str::trim), key);
    match (of(policy, "q"), of(now, "r")) {
        (Some(limit), Some(remaining)) => {
            Limit::Limited { limit, remaining, window_seconds: of(policy, "w") }
        }
        _ => Limit::Unreadable,
    }
}

fn parameter<'p>(mut parts: impl Iterator<Item = &'p str>, key: &str) -> Option<u64> {
    parts.find_map(|part| {
        let (known, value) = part.split_once('=')?;
        (known.trim() == key).then(|| value.trim().parse().ok())?
    })
}

#[cfg(test)]
mod tests;
