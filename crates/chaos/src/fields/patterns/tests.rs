//! Names that patterns hit, names that they miss, and patterns that are refused.

use proptest::prelude::*;

use super::*;

fn hit(pattern: &str, name: &str) -> bool {
    Patterns::compile(&[pattern]).unwrap().matches(name)
}

#[test]
fn an_exact_pattern_hits_that_name_only() {
    assert!(hit("google.com", "google.com."));
    for miss in ["Google.com.", "www.google.com.", "google.com.demo.svc.cluster.local."] {
        assert!(!hit("google.com", miss), "{miss}");
    }
}

#[test]
fn a_trailing_star_takes_any_rest_including_dots_and_nothing() {
    for name in ["github.com.", "github.", "github.com.demo.svc.cluster.local."] {
        assert!(hit("github.*", name), "{name}");
    }
    assert!(!hit("github.*", "api.github.com."));
}

#[test]
fn a_question_mark_takes_exactly_one_byte() {
    assert!(hit("chaos-mes?.org", "chaos-mesh.org."));
    assert!(!hit("chaos-mes?.org", "chaos-mes.org."));
    assert!(hit("a?b", "a.b."));
}

#[test]
fn a_lone_star_and_an_empty_list_hit_everything() {
    assert!(hit("*", "any.name."));
    assert!(Patterns::compile::<&str>(&[]).unwrap().matches("any.name."));
}

#[test]
fn classes_of_bytes_work_although_nobody_documents_them() {
    assert!(hit("db-[0-2].x", "db-1.x."));
    assert!(!hit("db-[0-2].x", "db-3.x."));
    assert!(hit("db-[!0-2].x", "db-3.x."));
    assert!(hit("db-[abc].x", "db-b.x."));
    assert!(hit("odd[!]", "odd!."));
    assert!(!hit("odd[]", "odd."));
    assert!(hit("open[", "open[."));
}

#[test]
fn a_pattern_with_a_leading_star_is_refused() {
    assert!(matches!(Patterns::compile(&["*.org"]), Err(PatternError::InnerStar { index: 0, .. })));
    assert!(matches!(
        Patterns::compile(&["x", "a*b"]),
        Err(PatternError::InnerStar { index: 1, .. })
    ));
}

#[test]
fn an_empty_pattern_is_refused() {
    assert_eq!(Patterns::compile(&[""]).unwrap_err(), PatternError::Empty(0));
}

#[test]
fn the_same_name_twice_is_refused_with_or_without_its_dot() {
    for twice in [["a.org", "a.org."], ["a.org", "a.org"], ["[ab]", "[ba]"]] {
        assert!(
            matches!(Patterns::compile(&twice), Err(PatternError::Duplicate { index: 1, .. })),
            "{twice:?}"
        );
    }
}

proptest! {
    #[test]
    fn no_pattern_and_no_name_make_the_matcher_panic(pattern in "\\PC{0,40}|[a\\[\\]!?*.-]{0,40}", name in "\\PC{0,60}") {
        if let Ok(patterns) = Patterns::compile(&[pattern]) {
            let _ = patterns.matches(&name);
        }
    }

    #[test]
    fn a_name_without_wildcards_matches_itself(name in "[a-z0-9.-]{1,60}") {
        let patterns = Patterns::compile(std::slice::from_ref(&name)).unwrap();
        prop_assert!(patterns.matches(&name));
        let dotted = format!("{name}.");
        prop_assert!(patterns.matches(&dotted));
    }
}
