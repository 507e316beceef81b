//! Good profiles, bad profiles, and noise.

use proptest::prelude::*;

use super::*;
use crate::plan::phase::MAX_RATE;

fn schedule(phases: &str) -> Schedule {
    let text = format!("name: test\nphases:\n{phases}");
    Profile::parse("test.yaml", &text).unwrap_or_else(|error| panic!("{error}")).1
}

fn rates(phases: &str) -> Vec<(f64, f64, f64)> {
    // The rate inside each second, from the integral.
    let schedule = schedule(phases);
    let seconds = schedule.duration().as_secs();
    (0..seconds)
        .map(|second| {
            let at = |part: f64| schedule.arrivals_until(second as f64 + part);
            ((at(0.01) - at(0.0)) * 100.0, at(1.0) - at(0.0), (at(1.0) - at(0.99)) * 100.0)
        })
        .collect()
}

fn means(phases: &str) -> Vec<f64> {
    rates(phases).into_iter().map(|(_, mean, _)| (mean * 1e6).round() / 1e6).collect()
}

#[test]
fn every_kind_of_phase_has_the_rate_it_promises() {
    assert_eq!(means("- constant: {rate: 5, for: 3s}"), [5.0, 5.0, 5.0]);
    assert_eq!(means("- ramp: {from: 0, to: 4, for: 2s}"), [1.0, 3.0]);
    assert_eq!(means("- step: {from: 10, to: 30, by: 10, every: 1s}"), [10.0, 20.0, 30.0]);
    assert_eq!(means("- step: {from: 30, to: 10, by: 15, every: 1s}"), [30.0, 15.0, 10.0]);
    assert_eq!(means("- step: {from: 10, to: 10, by: 1, every: 1s}"), [10.0]);
    assert_eq!(
        means("- spike: {base: 1, peak: 9, before: 1s, for: 2s, after: 1s}"),
        [1.0, 9.0, 9.0, 1.0]
    );
    assert_eq!(means("- constant: {rate: 1, for: 1s}\n- constant: {rate: 2, for: 1s}"), [1.0, 2.0]);
}

#[test]
fn the_built_in_profiles_are_valid_and_called_what_their_file_is_called() {
    for (name, _) in BUILT_IN {
        let (profile, schedule) = Profile::load(name).unwrap();
        assert_eq!(profile.name, name);
        assert!(!profile.about.is_empty(), "{name} does not say what it is for");
        assert!(schedule.total() > 0.0);
    }
    let files = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/profiles")).unwrap();
    assert_eq!(files.count(), BUILT_IN.len(), "a file in profiles/ is not built in");
}

#[test]
fn a_bad_profile_is_refused_with_file_field_and_remedy() {
    let constant = "phases: [{constant: {rate: 1, for: 1s}}]";
    for (text, words) in [
        ("name: x\nphases: []", ["phases", "none", "add one"]),
        (
            "name: x\nphases: [{constant: {rate: -1, for: 1s}}]",
            ["phases[0].constant.rate", "-1", "per second"],
        ),
        (
            "name: x\nphases: [{constant: {rate: .nan, for: 1s}}]",
            ["phases[0].constant.rate", "NaN", "per second"],
        ),
        (
            "name: x\nphases: [{constant: {rate: 1e7, for: 1s}}]",
            ["phases[0].constant.rate", "10000000", "1000000"],
        ),
        (
            "name: x\nphases: [{constant: {rate: 1, for: 10}}]",
            ["phases[0].constant.for", "10", "write it as"],
        ),
        (
            "name: x\nphases: [{constant: {rate: 1, for: 0s}}]",
            ["phases[0].constant.for", "too short", "1ms"],
        ),
        (
            "name: x\nphases: [{ramp: {from: 1, to: .inf, for: 1s}}]",
            ["phases[0].ramp.to", "inf", "per second"],
        ),
        (
            "name: x\nphases: [{step: {from: 1, to: 2, by: 0, every: 1s}}]",
            ["phases[0].step.by", "too small", "10000 steps"],
        ),
        (
            "name: x\nphases: [{spike: {base: 1, peak: 2, before: 1s, for: x, after: 1s}}]",
            ["phases[0].spike.for", "x", "write it as"],
        ),
        (
            "name: x\nphases: [{constant: {rate: 1, for: 168h}}, {constant: {rate: 1, for: 1s}}]",
            ["phases", "week", "shorten"],
        ),
        ("name: x\nphases: [{constant: {rate: 1, fro: 1s}}]", ["unknown field", "fro", "--help"]),
        ("name: x\nphases: [{wobble: {rate: 1}}]", ["unknown variant", "wobble", "--help"]),
        ("name: x\nphases: [{constant: {rate: 1}}]", ["missing field", "for", "--help"]),
        (constant, ["missing field", "name", "--help"]),
        (&format!("name: x\ncolour: red\n{constant}"), ["unknown field", "colour", "--help"]),
        (
            &format!("name: x\narrivals: random\n{constant}"),
            ["unknown variant", "random", "--help"],
        ),
        (
            &format!("name: x\n{constant}\nrequests: [{{path: tea}}]"),
            ["requests[0].path", "tea", "/price/tea"],
        ),
        (
            &format!("name: x\n{constant}\nrequests: [{{path: /, weight: 0}}]"),
            ["requests", "weights are 0", "at least one"],
        ),
        (
            &format!("name: x\n{constant}\nrequests: [{{path: /, weight: 1000001}}]"),
            ["requests[0].weight", "too much", "relative"],
        ),
        (
            &format!("name: x\n{constant}\nrequests: [{{path: /, method: 'G T'}}]"),
            ["requests[0]", "G T", "correct"],
        ),
        (
            &format!("name: x\n{constant}\nrequests: [{{path: /, headers: {{'a b': c}}}}]"),
            ["requests[0]", "a b", "correct"],
        ),
        (
            &format!("name: x\n{constant}\nrequests: [{{path: '/a b'}}]"),
            ["requests[0]", "/a b", "correct"],
        ),
        (
            &format!("name: x\n{constant}\nrequests: [{{path: /, headers: {{connection: c}}}}]"),
            ["requests[0]", "connection", "correct"],
        ),
        ("", ["test.yaml", "", ""]),
        ("[]", ["test.yaml", "", ""]),
        ("name: [", ["test.yaml", "", ""]),
        (&format!("name: x\nname: y\n{constant}"), ["duplicate", "name", ""]),
    ] {
        let error = Profile::parse("test.yaml", text).map(|_| ()).expect_err(text).to_string();
        assert!(error.starts_with("test.yaml: "), "{error}");
        for word in words {
            assert!(error.contains(word), "{text:?} is refused without `{word}`: {error}");
        }
    }
}

#[test]
fn a_file_that_is_not_there_is_refused_with_the_built_in_names() {
    let error = Profile::load("no/such.yaml").map(|_| ()).unwrap_err().to_string();
    assert!(
        error.contains("no/such.yaml") && error.contains("spike") && error.contains("hoard"),
        "{error}"
    );
}

#[test]
fn requests_have_the_usual_defaults() {
    let (profile, _) = Profile::parse(
        "test.yaml",
        "name: x\nphases: [{constant: {rate: 1, for: 1s}}]\nrequests: [{path: /a}]",
    )
    .unwrap();
    let request = &profile.requests[0];
    assert_eq!((request.method.as_str(), request.body.as_str(), request.weight), ("GET", "", 1));
}

/// Text that looks like a profile, with some of it wrong.
fn almost_a_profile() -> impl Strategy<Value = String> {
    let word = prop::sample::select(vec![
        "name: x",
        "phases:",
        "- constant:",
        "rate: 1",
        "for: 1s",
        "- ramp:",
        "from: 2",
        "to: -3",
        "requests:",
        "- path: /",
        "weight: 99999999999",
        "arrivals: poisson",
        "&a",
        "*a",
        "[",
        "{",
        "}",
        "]",
        "!!binary",
        "---",
        "? ",
        "1e999",
        "~",
        "\t",
    ]);
    let piece = (word, 0_usize..6, any::<bool>());
    prop::collection::vec(piece, 0..25).prop_map(|pieces| {
        pieces
            .into_iter()
            .map(|(word, indent, newline)| {
                format!("{}{word}{}", " ".repeat(indent), if newline { "\n" } else { " " })
            })
            .collect()
    })
}

proptest! {
    #[test]
    fn no_text_makes_the_parser_panic(text in any::<String>()) {
        let _ = Profile::parse("noise", &text);
    }

    #[test]
    fn no_damaged_profile_makes_the_parser_panic(text in almost_a_profile()) {
        let _ = Profile::parse("noise", &text);
    }

    #[test]
    fn whatever_is_accepted_has_a_usable_schedule(from in -10.0..2e6_f64, to in -10.0..2e6_f64, by in -1.0..1e6_f64, ms in 0_u64..100) {
        let text = format!("name: x\nphases:\n- step: {{from: {from}, to: {to}, by: {by}, every: {ms}ms}}\n- ramp: {{from: {from}, to: {to}, for: {ms}ms}}");
        if let Ok((_, schedule)) = Profile::parse("random", &text) {
            prop_assert!(schedule.peak() <= MAX_RATE && schedule.total().is_finite());
            prop_assert!(schedule.duration() <= LONGEST);
            prop_assert!((schedule.peak() - from.max(to)).abs() < 1e-6);
        }
    }
}
