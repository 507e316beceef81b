//! Makes any text safe inside XML, HTML and Markdown.

/// For XML and HTML, as text or inside a quoted attribute: by the rule of `junit.xml`, so that all
/// files of a report agree.
pub(super) use ::junit::xml;

/// For Markdown, inside one line: no markup, no table cell break, no HTML, no mention of a user.
///
/// CommonMark lets a backslash take the meaning from any ASCII punctuation, so all of it that can
/// mean something within a line gets one. The rest stays as it is, for those who read the source.
pub(super) fn markdown(text: &str) -> String {
    let text = one_line(text);
    let mut out = String::with_capacity(text.len() * 2);
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        // A colon means something in `:emoji:` and `https://`, not in a time of day or at the end
        // of a word.
        let colon = letter == ':'
            && letters.peek().is_some_and(|next| *next != ' ' && !next.is_ascii_digit());
        if colon || r"\`*_[]{}<>#|~&!$@^".contains(letter) {
            out.push('\\');
        }
        out.push(letter);
    }
    out
}

/// A fenced block of Markdown: the fence is longer than any run of backticks inside.
pub(super) fn fenced(text: &str) -> String {
    let mut longest = 0;
    let mut run = 0;
    for letter in text.chars() {
        run = if letter == '`' { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    let fence = "`".repeat(longest.max(2) + 1);
    let text: String = text
        .chars()
        .filter(|letter| *letter == '\n' || *letter == '\t' || !letter.is_control())
        .collect();
    format!("{fence}text\n{}\n{fence}\n", text.trim_end_matches('\n'))
}

/// Line breaks and runs of blanks become one blank; other control characters go.
pub(super) fn one_line(text: &str) -> String {
    let text: String =
        text.chars().filter(|letter| letter.is_whitespace() || !letter.is_control()).collect();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Letters, digits and dashes only: for file names and comment marks.
pub(super) fn slug(text: &str) -> String {
    let mut out = String::new();
    for letter in text.chars() {
        if letter.is_ascii_alphanumeric() {
            out.push(letter.to_ascii_lowercase());
        } else if !out.is_empty() && !out.ends_with('-') {
            out.push('-');
        }
        if out.len() >= 48 {
            break;
        }
    }
    out.trim_end_matches('-').to_owned()
}
