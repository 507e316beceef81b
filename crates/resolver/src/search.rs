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
//! 5. Anything else (silence, REFUSED, lame servers) ends the search, as more questions to the same
//!    servers would not help. (glibc still tries the name as it is, and so makes its callers wait
//!    through all time-outs once more. We do not.)
//! 6. When nothing was found, report the most telling failure: that of the name as it is, if that
//!    was asked *first*; else "no address" if it occurred; else SERVFAIL if it occurred; else the
//!    last one.

use std::ops::ControlFlow;

use crate::{
    name::{BadName, QueryName, complete},
    outcome::{Cause, Outcome},
    settings::Settings,
};

/// One name to ask.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Candidate {
    pub(crate) name: QueryName,
    /// Was the name asked as it is before the search list? Then its failure is the verdict.
    is_first_as_typed: bool,
}

/// The names to ask for `name`, in order; never an empty list.
pub(crate) fn candidates(name: &str, settings: &Settings) -> Result<Vec<Candidate>, BadName> {
    let as_typed = complete(name)?;
    let typed_first = name.ends_with('.') || name.matches('.').count() >= settings.ndots;
    let mut names = Vec::new();
    if !name.ends_with('.') {
        // A suffix that makes the name too long, or that is not a name itself, cannot be asked; the
        // others still can.
        let with_suffix =
            |suffix: &String| complete(&format!("{name}.{}", suffix.trim_matches('.'))).ok();
        // A lone dot in the search list stands for the root: the name as it is, at this place of
        // the order.
        let in_order = settings.search.iter().filter_map(|suffix| match suffix.as_str() {
            "." => Some(as_typed.clone()),
            _ => with_suffix(suffix),
        });
        names.extend(in_order);
    }
    if typed_first {
        names.retain(|name| *name != as_typed);
        names.insert(0, as_typed);
    } else if names.is_empty() || !names.contains(&as_typed) && settings.may_ask_alone(name) {
        names.push(as_typed);
    }
    let mark = |(index, name)| Candidate { name, is_first_as_typed: typed_first && index == 0 };
    Ok(names.into_iter().enumerate().map(mark).collect())
}

/// Collects the failures of the candidates, and picks the one to report (rule 6 above).
#[derive(Debug, Default)]
pub(crate) struct Verdict {
    as_typed: Option<Cause>,
    no_data: Option<Cause>,
    servfail: Option<Cause>,
    last: Option<Cause>,
}

impl Verdict {
    /// Notes a failure; `Break` when asking further names would not help (rules 4 and 5).
    pub(crate) fn add(&mut self, candidate: &Candidate, cause: Cause) -> ControlFlow<()> {
        let outcome = cause.outcome();
        let failure = match outcome {
            _ if candidate.is_first_as_typed => &mut self.as_typed,
            Outcome::NoData => &mut self.no_data,
            Outcome::Servfail => &mut self.servfail,
            _ => &mut self.last,
        };
        *failure = Some(cause);
        match outcome {
            Outcome::Nxdomain | Outcome::NoData | Outcome::Servfail => ControlFlow::Continue(()),
            _ => ControlFlow::Break(()),
        }
    }

    pub(crate) fn into_cause(self) -> Cause {
        // A verdict without a failure cannot happen, since there is always a candidate; "no such
        // name" would be the honest word.
        self.as_typed.or(self.no_data).or(self.servfail).or(self.last).unwrap_or(Cause::Nxdomain)
    }
}

#[cfg(test)]
mod tests;
