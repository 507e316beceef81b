//! `options` of `resolv.conf`, one by one.

use crate::{settings::Settings, warning::Problem};

/// Options that are true here without being set: the questions for IPv4 and IPv6 addresses are
/// asked one after the other, each from a socket of its own.
const ALWAYS: [&str; 2] = ["single-request", "single-request-reopen"];

/// Options of glibc that are not done; the README says why.
const NOT_DONE: [&str; 9] = [
    "debug",
    "inet6",
    "ip6-bytestring",
    "ip6-dotint",
    "no-check-names",
    "no-ip6-dotint",
    "no-reload",
    "strict-error",
    "trust-ad",
];

pub(super) fn apply(option: &str, settings: &mut Settings) -> Result<(), Problem> {
    if let Some((name, value)) = option.split_once(':') {
        let set = match name {
            "ndots" => Settings::set_ndots,
            "timeout" => Settings::set_timeout,
            "attempts" => Settings::set_attempts,
            _ => return Err(Problem::Option(option.to_owned())),
        };
        set(settings, number(value).ok_or_else(|| Problem::OptionValue(option.to_owned()))?);
        return Ok(());
    }
    let switch = match option {
        "rotate" => &mut settings.rotate,
        "use-vc" => &mut settings.tcp_only,
        "edns0" => &mut settings.edns,
        "no-aaaa" => &mut settings.no_ipv6,
        "no-tld-query" | "no_tld_query" => &mut settings.no_top_level,
        _ if ALWAYS.contains(&option) => return Ok(()),
        _ if NOT_DONE.contains(&option) => return Err(Problem::NotDone(option.to_owned())),
        _ => return Err(Problem::Option(option.to_owned())),
    };
    *switch = true;
    Ok(())
}

/// A number without a sign; one that is too large for the type is cut to the limit anyway. (glibc
/// takes the digits that it finds, and 0 if there are none, so a typo would change the search.)
fn number(text: &str) -> Option<u32> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().unwrap_or(u32::MAX))
}
