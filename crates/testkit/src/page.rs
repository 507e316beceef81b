//! The commands of a page, and how a test follows them.
//!
//! A block that begins with ` ```sh run ` is run as it stands. ` ```sh until WORDS ` is run until
//! it prints the words: what a person does who looks again. ` ```sh needs WHAT ` needs what a test
//! has not, and is only read.

/// How a block is followed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum How {
    /// Run once; it has to end well.
    Run,
    /// Run until it prints these words.
    Until(String),
    /// Not run: it needs this.
    Needs(String),
    /// Nobody has said.
    Unmarked,
}

/// A block of shell commands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// The line of the page on which it begins.
    pub line: usize,
    /// How it is followed.
    pub how: How,
    /// The commands.
    pub text: String,
}

/// The blocks of shell commands of a page, in order.
#[must_use]
pub fn blocks(page: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut lines = page.lines().enumerate();
    while let Some((index, line)) = lines.next() {
        let Some(info) = line.strip_prefix("```") else { continue };
        let text: Vec<&str> =
            lines.by_ref().map(|(_, line)| line).take_while(|line| *line != "```").collect();
        let (language, mark) = info.split_once(' ').unwrap_or((info, ""));
        if language == "sh" {
            let how = match mark.split_once(' ') {
                _ if mark == "run" => How::Run,
                Some(("until", words)) => How::Until(words.to_owned()),
                Some(("needs", what)) => How::Needs(what.to_owned()),
                _ => How::Unmarked,
            };
            blocks.push(Block { line: index + 1, how, text: text.join("\n") });
        }
    }
    blocks
}

/// A script for bash that follows a page from its first to its last block, each awaited for at most
/// `seconds`, and names the line of the one that fails.
#[must_use]
pub fn script(page: &str, seconds: u32) -> String {
    let mut script = format!(
        "set -euo pipefail\n\
         trap 'code=$?; kill $(jobs -p) 2>/dev/null || true; exit $code' EXIT\n\
         until_says() {{\n\
         \x20 local end=$((SECONDS + {seconds})) said\n\
         \x20 until said=$(bash -c \"$3\" 2>&1) || true; grep -qF -- \"$2\" <<<\"$said\"; do\n\
         \x20   [ $SECONDS -lt $end ] || {{ echo \"line $1 does not say $2: $said\"; exit 1; }}\n\
         \x20   sleep 0.5\n\
         \x20 done\n\
         }}\n"
    );
    for Block { line, how, text } in blocks(page) {
        match how {
            How::Run => script.push_str(&format!("echo \"line {line}, $SECONDS s\"\n{text}\n")),
            How::Until(words) => {
                let (words, text) = (quoted(&words), quoted(&text));
                script.push_str(&format!("echo \"line {line}, $SECONDS s\"\n"));
                script.push_str(&format!("until_says {line} {words} {text}\n"));
            }
            How::Needs(_) | How::Unmarked => {}
        }
    }
    script
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "# a\n```sh run\ntrue\n```\n```text\nshown\n```\n\
        ```sh until it's\necho 'it'\\''s'\n```\n```sh needs a cloud\nfalse\n```\n```sh\nx\n```\n";

    #[test]
    fn a_mark_says_how_a_block_is_followed() {
        let hows: Vec<How> = blocks(PAGE).into_iter().map(|block| block.how).collect();
        let expected = [
            How::Run,
            How::Until("it's".to_owned()),
            How::Needs("a cloud".to_owned()),
            How::Unmarked,
        ];
        assert_eq!(hows, expected);
    }

    #[test]
    fn the_script_follows_a_page_and_names_the_line_that_fails() {
        let run = |page: &str| {
            let bash = std::process::Command::new("bash").args(["-c", &script(page, 1)]).output();
            let bash = bash.unwrap();
            (bash.status.success(), String::from_utf8_lossy(&bash.stdout).into_owned())
        };
        let (kept, said) = run(PAGE);
        assert!(kept, "{said}");
        let (kept, said) = run(&PAGE.replace("echo 'it'", "echo 'other'"));
        assert!(!kept && said.contains("line 8 does not say it's"), "{said}");
        assert!(!run(&PAGE.replace("true", "false")).0);
    }
}
