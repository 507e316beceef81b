//! Headers as they were seen, and as nobody should send them.

use proptest::option;
use proptest::proptest;

use super::*;

proptest! {
    #[test]
    fn no_number_is_made_up(
        limit in option::of("[0-9]{0,30}|\\PC{0,20}|[0-9]{1,3};w=[0-9]{0,30}"),
        remaining in option::of("[0-9]{0,30}|\\PC{0,20}|[0-9]{1,3};w=[0-9]{0,30}"),
    ) {
        let said = read(|name| match name {
            "ratelimit-limit" => limit.as_deref(),
            "ratelimit-remaining" => remaining.as_deref(),
            _ => None,
        });
        if let Limit::Limited { limit: number, remaining: left, .. } = said {
            let begins = |text: &Option<String>, number: u64| {
                let text = text.as_deref().unwrap_or_default().trim_start_matches([' ', '+', '0']);
                number == 0 || text.starts_with(&number.to_string())
            };
            assert!(begins(&limit, number) && begins(&remaining, left), "{limit:?} {remaining:?}");
        }
        assert_eq!(said == Limit::Unlimited, limit.is_none() && remaining.is_none());
    }
}

fn limited(limit: u64, remaining: u64, window_seconds: Option<u64>) -> Limit {
    Limit::Limited { limit, remaining, window_seconds }
}

#[test]
fn each_case_that_was_seen_has_its_answer() {
    let cases: [(&[(&str, &str)], Limit); 11] = [
        (
            &[("ratelimit-limit", "100;w=21600"), ("ratelimit-remaining", "20;w=21600")],
            limited(100, 20, Some(21_600)),
        ),
        (
            &[("ratelimit-limit", "100;w=21600"), ("ratelimit-remaining", "0;w=21600")],
            limited(100, 0, Some(21_600)),
        ),
        (&[("ratelimit-limit", "100"), ("ratelimit-remaining", "7")], limited(100, 7, None)),
        (
            &[("ratelimit-limit", "10 ; w=60"), ("ratelimit-remaining", " 7")],
            limited(10, 7, Some(60)),
        ),
        (
            &[("ratelimit-limit", ";w=21600"), ("ratelimit-remaining", ";w=21600")],
            Limit::Unreadable,
        ),
        (&[("ratelimit-limit", "100;w=21600")], Limit::Unreadable),
        (&[("ratelimit-remaining", "5")], Limit::Unreadable),
        (&[("ratelimit-limit", "-1"), ("ratelimit-remaining", "-1")], Limit::Unreadable),
        (
            &[("ratelimit-policy", r#""pulls";q=100;w=60"#), ("ratelimit", r#""pulls";r=5;t=9"#)],
            limited(100, 5, Some(60)),
        ),
        (&[("ratelimit", r#""pulls";r=5"#)], Limit::Unreadable),
        (&[], Limit::Unlimited),
    ];
    for (headers, expected) in cases {
        let header =
            |name: &str| headers.iter().find(|(known, _)| *known == name).map(|(_, value)| *value);
        assert_eq!(read(header), expected, "{headers:?}");
    }
}
