//! "Did you mean ..?": the known name that is nearest to what was typed.

/// The known name that is most like `typed`, if one is like it at all.
pub fn nearest<'n>(typed: &str, known: &[&'n str]) -> Option<&'n str> {
    /// Below this a name is another name, not a misspelt one.
    const ALIKE: f64 = 0.7;
    let alike = |name: &str| strsim::normalized_damerau_levenshtein(typed, name);
    let near = known.iter().copied().filter(|name| alike(name) >= ALIKE);
    near.max_by(|one, other| alike(one).total_cmp(&alike(other)))
}

/// What to write instead of a name that nobody knows, for the end of a message.
pub fn or_nearest(typed: &str, known: &[&str]) -> String {
    match nearest(typed, known) {
        Some(near) => format!("did you mean `{near}`?"),
        None if known.is_empty() => "there are none".to_owned(),
        None => format!("write one of {}", known.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_corrected_and_another_word_is_not() {
        let known = ["dns-leak", "sre", "dev"];
        assert_eq!(nearest("dns-lake", &known), Some("dns-leak"));
        assert_eq!(nearest("dnsleak", &known), Some("dns-leak"));
        assert_eq!(nearest("registry", &known), None);
    }
}
