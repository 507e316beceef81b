//! Tests of `criterion.rs`.

use proptest::prelude::*;

use super::*;

fn judge(text: &str, value: f64, earlier: Option<f64>) -> Option<bool> {
    let criterion: Criterion = text.parse().unwrap();
    criterion.bound(earlier).map(|bound| criterion.holds(value, bound))
}

#[test]
fn fixed_criteria_need_no_earlier_value() {
    assert_eq!(judge("<600", 599.9, None), Some(true));
    assert_eq!(judge(" < 600 ", 600.0, None), Some(false));
    assert_eq!(judge("=0", 0.0, None), Some(true));
    assert_eq!(judge(">=0.99", f64::NAN, None), Some(false));
}

#[test]
fn a_percent_sign_makes_it_relative_even_without_a_sign() {
    for text in ["<=+10%", "<=10%", "<= + 10 %"] {
        assert_eq!(judge(text, 110.0, Some(100.0)), Some(true), "{text}");
        assert_eq!(judge(text, 110.1, Some(100.0)), Some(false), "{text}");
        assert_eq!(judge(text, 1.0, None), None, "{text}");
    }
    assert_eq!(judge("=0%", 7.0, Some(7.0)), Some(true));
    assert_eq!(judge(">-5%", 96.0, Some(100.0)), Some(true));
}

#[test]
fn numbers_may_have_exponents() {
    for (text, bound) in
        [("<1e9", 1e9), ("<=1.5E3", 1500.0), (">2e-3", 0.002), ("<1e+3", 1000.0), ("<.5", 0.5)]
    {
        assert_eq!(text.parse::<Criterion>().unwrap().bound(None), Some(bound), "{text}");
    }
    assert_eq!(judge("<=+1e1%", 110.0, Some(100.0)), Some(true));
    assert_eq!(judge("<=+1e3", 1100.0, Some(100.0)), Some(true));
}

#[test]
fn a_percentage_of_a_negative_value_is_one_of_its_size() {
    assert_eq!(judge("<=+10%", -90.0, Some(-100.0)), Some(true));
    assert_eq!(judge("<=+10%", -89.0, Some(-100.0)), Some(false));
    assert_eq!(judge(">=-10%", -110.0, Some(-100.0)), Some(true));
    let relative: Criterion = "<=+10%".parse().unwrap();
    assert!(relative.is_meaningless(1.0, Some(0.0)) && !relative.is_meaningless(0.0, Some(0.0)));
    let difference: Criterion = "<=+10".parse().unwrap();
    assert!(!difference.is_meaningless(1.0, Some(0.0)));
}

#[test]
fn a_sign_alone_is_a_difference() {
    assert_eq!(judge("<=+10", 110.0, Some(100.0)), Some(true));
    assert_eq!(judge(">=-10", 89.0, Some(100.0)), Some(false));
}

#[test]
fn anything_else_is_refused() {
    for text in [
        "", "10", "<", "<%", "<=10%%", "!=3", "<inf", "<nan", "<+-3", "<1.2.3", "<1e", "<1e999",
        "<e9",
    ] {
        assert!(text.parse::<Criterion>().is_err(), "{text}");
    }
}

proptest! {
    #[test]
    fn parsing_never_panics(text in ".*") {
        let _ = text.parse::<Criterion>();
    }
}
