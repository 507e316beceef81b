//! Text of users on its way to people: what moves a cursor, ends a line or turns the direction of
//! writing does not go through.

/// The text in one line, harmless to a terminal: each control character, and each character that
/// changes the direction of what follows, becomes U+FFFD.
pub fn plain(text: &str) -> String {
    text.chars().map(|c| if is_harmful(c) { '\u{fffd}' } else { c }).collect()
}

fn is_harmful(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_commands_a_terminal_is_replaced_and_words_stay() {
        assert_eq!(
            plain("a\u{1b}[2J\nb\r\t\u{9b}\u{202e}c"),
            "a\u{fffd}[2J\u{fffd}b\u{fffd}\u{fffd}\u{fffd}\u{fffd}c"
        );
        assert_eq!(plain("Verfügbarkeit 99,9 % ✓"), "Verfügbarkeit 99,9 % ✓");
    }
}
