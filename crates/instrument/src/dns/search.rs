//! From the name that was typed to the names that are asked, and from their answers to one verdict.
//!
//! The rule is glibc's (`resolv/res_query.c`, function `__res_context_search`), in other words:
//!
//! 1. A trailing dot means "complete": ask this one name, nothing else.
//! 2. With at least `ndots` dots, ask the name as it is first, then with each suffix of the search
//!    list.
//! 3. With fewer dots, ask with each suffix first, then as it is. Kubernetes sets `ndots:5`, so
//!    even `www.example.com` is first asked as `www.example.com.shop.svc.cluster.local.`: the
//!    well-known reason for DNS load in clusters.
//! 4. The first name with an address wins. "No such name", "no address" and SERVFAIL go on to the
//!    next one.
//! 5. Anything else (silence, REFUSED) ends the search, as more questions to the same servers would
//!    not help. (glibc still tries the name as it is, and so makes its callers wait through all
//!    time-outs once more. We do not.)
//! 6. When nothing was found, report the most telling failure: that of the name as it is, if that
//!    was asked *first*; else "no address" if it occurred; else SERVFAIL if it occurred; else the
//!    last one.

use std::ops::ControlFlow;

use domain::base::name::{Name, NameBuilder};

use super::{Cause, Outcome, settings::Settings};

/// RFC 1035 section 2.3.4: the longest name on the wire.
const MAX_NAME_BYTES: usize = 255;

/// A complete name, ready to be put into a question.
pub(super) type QueryName = Name<Vec<u8>>;

/// One name to ask.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Candidate {
    pub(super) name: QueryName,
    /// Was the name asked as it is before the search list? Then its failure is the verdict.
    is_first_as_typed: bool,
}

/// The names to ask for `name`, in order; never an empty list.
pub(super) fn candidates(name: &str, settings: &Settings) -> Result<Vec<Candidate>, BadName> {
    let as_typed = absolute(name)?;
    let typed_first = name.ends_with('.') || name.matches('.').count() >= settings.ndots;
    let mut names = Vec::new();
    if !name.ends_with('.') {
        // A suffix that makes the name too long, or that is no name itself, cannot be asked; the
        // others still can.
        let with_suffix =
            |suffix: &String| absolute(&format!("{name}.{}", suffix.trim_matches('.'))).ok();
        // A lone dot in the search list stands for the root: the name as it is, at this place of
        // the order.
        let in_order = settings.search.iter().filter_map(|suffix| match suffix.as_str() {
            "." => Some(as_typed.clone()),
            _ => with_suffix(suffix),
        });
        names.extend(in_order);
    }
    // `Name` compares without regard to upper and lower case, as DNS does.
    if typed_first {
        names.retain(|name| *name != as_typed);
        names.insert(0, as_typed);
    } else if !names.contains(&as_typed) {
        names.push(as_typed);
    }
    let mark = |(index, name)| Candidate { name, is_first_as_typed: typed_first && index == 0 };
    Ok(names.into_iter().enumerate().map(mark).collect())
}

/// Collects the failures of the candidates, and picks the one to report (rule 6 above).
#[derive(Debug, Default)]
pub(super) struct Verdict {
    as_typed: Option<Cause>,
    no_data: Option<Cause>,
    servfail: Option<Cause>,
    last: Option<Cause>,
}

impl Verdict {
    /// Notes a failure; `Break` when asking further names would not help (rules 4 and 5).
    pub(super) fn add(&mut self, candidate: &Candidate, cause: Cause) -> ControlFlow<()> {
        let outcome = cause.outcome();
        let slot = match outcome {
            _ if candidate.is_first_as_typed => &mut self.as_typed,
            Outcome::NoData => &mut self.no_data,
            Outcome::Servfail => &mut self.servfail,
            _ => &mut self.last,
        };
        *slot = Some(cause);
        match outcome {
            Outcome::Nxdomain | Outcome::NoData | Outcome::Servfail => ControlFlow::Continue(()),
            _ => ControlFlow::Break(()),
        }
    }

    pub(super) fn into_cause(self) -> Cause {
        // No failure at all cannot happen, since there is always a candidate; "no such name" would
        // be the honest word.
        self.as_typed.or(self.no_data).or(self.servfail).or(self.last).unwrap_or(Cause::Nxdomain)
    }
}

/// Refuses names that DNS cannot carry, without building anything.
pub(super) fn check(name: &str) -> Result<(), BadName> {
    absolute(name).map(|_| ())
}

fn absolute(name: &str) -> Result<QueryName, BadName> {
    let relative = name.strip_suffix('.').unwrap_or(name);
    if relative.is_empty() {
        return Err(BadName::Empty);
    }
    // Names in other scripts travel as `xn--...` (punycode); whoever shows the name to people does
    // that translation.
    if !relative.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(BadName::NotAscii);
    }
    // On the wire each dot becomes a length byte, with one more length byte in front and a zero
    // byte at the end. Checked here because the builder below lets a name of 256 bytes pass.
    if relative.len() + 2 > MAX_NAME_BYTES {
        return Err(BadName::TooLong);
    }
    let mut builder = NameBuilder::new_vec();
    for label in relative.split('.') {
        match label.len() {
            0 => return Err(BadName::EmptyLabel),
            1..=63 => builder.append_label(label.as_bytes()).map_err(|_| BadName::TooLong)?,
            _ => return Err(BadName::LabelTooLong),
        }
    }
    builder.into_name().map_err(|_| BadName::TooLong)
}

/// A name that DNS cannot carry (RFC 1035 section 2.3.4). No question was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadName {
    /// Nothing at all, or only a dot.
    #[error("the host name is empty; give a name such as `orders`")]
    Empty,
    /// Two dots in a row, or a dot at the beginning.
    #[error("the host name has an empty part between its dots; write it as `orders.shop`")]
    EmptyLabel,
    /// More than 63 bytes between two dots.
    #[error("the host name has a part longer than 63 bytes; shorten it")]
    LabelTooLong,
    /// More than 255 bytes in all, each part counting one more for its length.
    #[error("the host name is longer than 255 bytes; shorten it")]
    TooLong,
    /// A blank, a control character, or a letter beyond ASCII.
    #[error(
        "the host name holds characters other than printable ASCII; write international names as `xn--...`"
    )]
    NotAscii,
}

#[cfg(test)]
mod tests;
