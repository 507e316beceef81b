//! How wide the terminal is, and text that fits into it: cut where a line is shown for a moment,
//! wrapped where it stays.

use std::io::IsTerminal;
use std::os::fd::AsFd;

use terminal_size::{Width, terminal_size_of};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// A terminal that does not say how wide it is.
const USUAL: usize = 80;
/// Less room than this is treated as so much: nothing can be told in it.
const LEAST: usize = 20;

/// Columns of the terminal behind a stream, asked anew each time, since windows are resized; none
/// if it is no terminal.
pub(super) fn columns(stream: &(impl AsFd + IsTerminal)) -> Option<usize> {
    if !stream.is_terminal() {
        return None;
    }
    let width = terminal_size_of(stream).map(|(Width(columns), _)| usize::from(columns));
    Some(width.filter(|columns| *columns > 0).unwrap_or(USUAL).max(LEAST))
}

/// Columns that a text takes.
pub(super) fn wide(text: &str) -> usize {
    text.width()
}

/// At most so many columns of a text that may hold colours; what was cut ends in `…`.
pub(super) fn cut(text: &str, columns: usize) -> String {
    if wide(&without_colours(text)) <= columns {
        return text.to_owned();
    }
    let (mut out, mut taken, mut painted) = (String::new(), 0, false);
    let mut rest = text;
    while let Some(letter) = rest.chars().next() {
        if let Some(end) = colour(rest) {
            out.push_str(&rest[..end]);
            (rest, painted) = (&rest[end..], true);
            continue;
        }
        taken += letter.width().unwrap_or(0);
        if taken >= columns {
            break;
        }
        out.push(letter);
        rest = &rest[letter.len_utf8()..];
    }
    out.push('…');
    if painted {
        out.push_str("\x1b[0m");
    }
    out
}

/// The text in lines of at most so many columns, broken between words; a word that is longer than a
/// line is broken too.
pub(super) fn wrap(text: &str, columns: usize) -> Vec<String> {
    let columns = columns.max(1);
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let mut word = word;
        let line = lines.last_mut().expect("there is one from the start");
        let gap = usize::from(!line.is_empty());
        if wide(line) + gap + wide(word) <= columns {
            line.extend((gap > 0).then_some(' '));
            line.push_str(word);
            continue;
        }
        while wide(word) > columns {
            let (head, tail) = split(word, columns);
            push(&mut lines, head);
            word = tail;
        }
        push(&mut lines, word);
    }
    lines
}

/// A line of its own, in place of an empty one.
fn push(lines: &mut Vec<String>, text: &str) {
    match lines.last_mut() {
        Some(last) if last.is_empty() => last.push_str(text),
        _ => lines.push(text.to_owned()),
    }
}

/// A word after so many columns; at least one letter is taken.
fn split(word: &str, columns: usize) -> (&str, &str) {
    let mut taken = 0;
    for (at, letter) in word.char_indices() {
        taken += letter.width().unwrap_or(0);
        if taken > columns && at > 0 {
            return word.split_at(at);
        }
    }
    (word, "")
}

/// The text without its colours.
pub(super) fn without_colours(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(letter) = rest.chars().next() {
        let end = colour(rest).unwrap_or_else(|| {
            out.push(letter);
            letter.len_utf8()
        });
        rest = &rest[end..];
    }
    out
}

/// Where the colour with which this text begins ends.
fn colour(text: &str) -> Option<usize> {
    let codes = text.strip_prefix("\x1b[")?;
    let end = codes.find(|letter: char| !letter.is_ascii_digit() && letter != ';')?;
    codes[end..].starts_with('m').then_some(end + 3)
}

/// Text from outside, harmless on a terminal and in one line: what would move the cursor, set a
/// title or turn the reading direction is shown instead of done.
pub fn harmless(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        let turns = matches!(letter, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        match letter {
            '\n' | '\r' | '\t' => out.push(' '),
            letter if letter.is_control() || turns => out.extend(letter.escape_unicode()),
            letter => out.push(letter),
        }
    }
    out
}

/// The same, line by line.
pub fn harmless_lines(text: &str) -> String {
    text.split('\n').map(harmless).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_cut_line_keeps_its_colours_and_ends_them() {
        assert_eq!(cut("\x1b[1mshort\x1b[0m", 5), "\x1b[1mshort\x1b[0m");
        assert_eq!(cut("\x1b[1mlonger\x1b[0m", 5), "\x1b[1mlong…\x1b[0m");
        assert_eq!(cut("日本語", 4), "日…", "a wide letter takes two columns");
    }

    #[test]
    fn lines_break_between_words() {
        assert_eq!(
            wrap("DNS is back, the memory is not", 14),
            ["DNS is back,", "the memory is", "not"]
        );
        assert_eq!(wrap("", 5), [""]);
        assert_eq!(wrap("a verylongword", 5), ["a", "veryl", "ongwo", "rd"]);
    }

    #[test]
    fn a_terminal_is_told_nothing_by_text_from_outside() {
        let evil = "a\x1b[2J\x1b]0;owned\x07\u{9b}31m\u{202e}b\nc";
        let shown = harmless(evil);
        assert!(shown.chars().all(|letter| !letter.is_control()), "{shown}");
        assert!(!shown.contains('\u{202e}') && shown.ends_with("b c"), "{shown}");
        assert_eq!(harmless_lines("a\nb\x07"), "a\nb\\u{7}");
    }

    proptest! {
        #[test]
        fn nothing_is_wider_than_it_may_be(text in ".{0,60}", columns in 2usize..30) {
            let text = harmless(&text);
            prop_assert!(wide(&cut(&text, columns)) <= columns);
            for line in wrap(&text, columns) {
                prop_assert!(wide(&line) <= columns, "{line:?}");
            }
            let kept: String = wrap(&text, columns).concat().split_whitespace().collect();
            prop_assert_eq!(kept, text.split_whitespace().collect::<String>());
        }
    }
}
