//! "Did you mean ..?": what to write instead of a name that nobody knows.

/// The end of a message about a name that is not among the known ones.
pub fn or_nearest(typed: &str, known: &[&str]) -> String {
    match slo::nearest(typed, known.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None if known.is_empty() => "there are none".to_owned(),
        None => format!("write one of {}", known.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_corrected_and_for_another_word_all_are_listed() {
        let known = ["dns-leak", "sre"];
        assert_eq!(or_nearest("dns-lake", &known), "did you mean `dns-leak`?");
        assert_eq!(or_nearest("registry", &known), "write one of dns-leak, sre");
        assert_eq!(or_nearest("registry", &[]), "there are none");
    }
}
