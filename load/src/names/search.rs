//! Which names to ask for a name as typed: the search list and `ndots` of `resolv.conf`.
//!
//! A trailing dot means "complete". With at least `ndots` dots the name is asked as it is first and
//! with each suffix of the search list afterwards; with fewer dots it is the other way round (`man
//! 5 resolv.conf`).

use domain::base::name::Name;

use super::LookupError;

pub(super) type QueryName = Name<Vec<u8>>;

/// The names to ask, in order; at least one.
pub(super) fn candidates(
    host: &str,
    search: &[String],
    ndots: usize,
) -> Result<Vec<QueryName>, LookupError> {
    let typed = name(host).ok_or_else(|| LookupError::BadName(host.to_owned()))?;
    if host.ends_with('.') {
        return Ok(vec![typed]);
    }
    let mut names: Vec<QueryName> = search
        .iter()
        // A suffix that makes the name too long cannot be asked; the others still can.
        .filter_map(|suffix| name(&format!("{host}.{}", suffix.trim_matches('.'))))
        .filter(|candidate| *candidate != typed)
        .collect();
    let first = host.matches('.').count() >= ndots;
    names.insert(if first { 0 } else { names.len() }, typed);
    Ok(names)
}

fn name(text: &str) -> Option<QueryName> {
    if !text.bytes().all(|byte| byte.is_ascii_graphic())
        || text.contains("..")
        || text.contains('\\')
    {
        return None;
    }
    Name::vec_from_str(text).ok().filter(|name| !name.is_root())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn asked(host: &str, ndots: usize, search: &[&str]) -> Vec<String> {
        let search: Vec<String> = search.iter().map(|suffix| (*suffix).to_owned()).collect();
        candidates(host, &search, ndots).unwrap().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn short_names_go_through_the_search_list_first() {
        let search = ["shop.svc.cluster.local", "svc.cluster.local", "cluster.local"];
        assert_eq!(
            asked("orders", 5, &search),
            [
                "orders.shop.svc.cluster.local",
                "orders.svc.cluster.local",
                "orders.cluster.local",
                "orders"
            ]
        );
        assert_eq!(asked("a.b", 1, &["c"]), ["a.b", "a.b.c"]);
        assert_eq!(asked("a.b.", 5, &["c"]), ["a.b"]);
        assert_eq!(asked("a", 1, &["."]), ["a"]);
    }

    #[test]
    fn what_dns_cannot_carry_is_refused() {
        for host in ["", ".", "a..b", "ü", "a b", &"a".repeat(64), &"a.".repeat(200)] {
            assert!(candidates(host, &[], 1).is_err(), "{host}");
        }
    }

    proptest! {
        #[test]
        fn no_name_makes_it_panic_and_there_is_always_a_candidate(host in any::<String>(), ndots in 0_usize..16) {
            if let Ok(names) = candidates(&host, &["a.b".to_owned(), host.clone()], ndots) {
                prop_assert!((1..=3).contains(&names.len()));
            }
        }
    }
}
