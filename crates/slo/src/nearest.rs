//! Which known name did a typo mean? For "unknown field; write target instead".

use strsim::levenshtein;

/// The known name that `name` most likely meant: its last word (`metricSourceType` means `type`),
/// or equal but for case, or at most one edit per four letters away, and one more. The closest
/// wins; of equals, the first in the alphabet.
pub fn nearest<'k>(name: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    let known: Vec<&str> = known.into_iter().collect();
    let longest = known.iter().filter(|known| ends_with_word(name, known));
    if let Some(word) = longest.max_by_key(|known| known.len()) {
        return Some(word);
    }
    let most_edits = name.chars().count() / 4 + 1;
    let lower = name.to_lowercase();
    known
        .into_iter()
        .map(|known| (levenshtein(&lower, &known.to_lowercase()), known))
        .filter(|(edits, _)| *edits <= most_edits)
        .min()
        .map(|(_, known)| known)
}

/// Are the last words of `name` the other name?
fn ends_with_word(name: &str, word: &str) -> bool {
    let Some(start) = name.len().checked_sub(word.len()).filter(|start| *start > 0) else {
        return false;
    };
    let Some((before, end)) = name.split_at_checked(start) else {
        return false;
    };
    let begins = end.starts_with(|c: char| c.is_ascii_uppercase()) || before.ends_with(['_', '-']);
    begins && end.eq_ignore_ascii_case(word)
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
        assert_eq!(nearest("metricSourceType", ["metricSourceRef", "type"]), Some("type"));
        assert_eq!(nearest("slo_target", ["target", "op"]), Some("target"));
    }
}
