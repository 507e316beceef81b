//! Which known name did a typo mean? For "unknown field; write target instead".

use strsim::levenshtein;

/// The known name that `name` most likely meant: equal but for case, or at most one edit per four
/// letters away, and one more. The closest wins; of equals, the first in the alphabet.
pub fn nearest<'k>(name: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    let most_edits = name.chars().count() / 4 + 1;
    let lower = name.to_lowercase();
    known
        .into_iter()
        .map(|known| (levenshtein(&lower, &known.to_lowercase()), known))
        .filter(|(edits, _)| *edits <= most_edits)
        .min()
        .map(|(_, known)| known)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typo_leads_to_the_name_it_meant() {
        assert_eq!(
            nearest("budgettingMethod", ["budgetingMethod", "service"]),
            Some("budgetingMethod")
        );
        assert_eq!(nearest("Target", ["target", "op"]), Some("target"));
        assert_eq!(nearest("colour", ["target", "op"]), None);
    }
}
