//! A request as a command that anybody can paste: with curl where curl can send it as it is, and
//! else as bytes through a socket.

use std::fmt::Write;

use super::message::{Body, Framing, Message, is_token};

/// What curl adds by itself, unless it is told not to.
const BY_CURL: [&str; 3] = ["user-agent", "accept", "content-type"];

/// The command; `authority` is where the server is.
pub(crate) fn command(message: &Message, host: &str, port: u16, authority: &str) -> String {
    curl(message, authority).unwrap_or_else(|| bytes(message, host, port))
}

/// None where curl would send something else.
fn curl(message: &Message, authority: &str) -> Option<String> {
    let sendable = is_token(&message.method)
        && message.target.starts_with(b"/")
        && message.target.iter().all(|byte| byte.is_ascii_graphic() && *byte != b'#')
        && matches!(&*message.version, b"HTTP/1.1" | b"HTTP/1.0")
        && message.line_end == b"\r\n"
        && message.cut.is_none()
        && message.framing == Framing::Length
        && !message.target.starts_with(b"//");
    if !sendable {
        return None;
    }
    let mut words = vec!["curl -sS -i --path-as-is --globoff".to_owned()];
    if message.version == b"HTTP/1.0" {
        words.push("--http1.0".to_owned());
    }
    let method = std::str::from_utf8(&message.method).ok()?;
    match method {
        "GET" if message.body == Body::Nothing => {}
        "HEAD" if message.body == Body::Nothing => words.push("--head".to_owned()),
        method => words.push(format!("-X {}", quoted(method))),
    }
    let mut hosts = 0;
    let has = |wanted: &str| {
        message.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case(wanted.as_bytes()))
    };
    for (name, value) in &message.headers {
        let (name, value) = (std::str::from_utf8(name).ok()?, std::str::from_utf8(value).ok()?);
        let plain = is_token(name.as_bytes())
            && !value.contains(|letter: char| letter.is_control())
            && value.trim() == value;
        if !plain {
            return None;
        }
        let framing = ["content-length", "transfer-encoding", "expect", "connection", "upgrade"];
        if framing.iter().any(|known| name.eq_ignore_ascii_case(known)) {
            return None;
        }
        if name.eq_ignore_ascii_case("host") {
            hosts += 1;
            if value == authority {
                continue;
            }
        }
        // A name and a semicolon: curl's way of writing a header without a value.
        let header = if value.is_empty() { format!("{name};") } else { format!("{name}: {value}") };
        words.push(format!("-H {}", quoted(&header)));
    }
    let body = message.body.bytes();
    for name in BY_CURL.iter().filter(|name| !has(name)) {
        if *name != "content-type" || message.body != Body::Nothing {
            words.push(format!("-H '{name}:'"));
        }
    }
    if hosts == 0 {
        words.push("-H 'host:'".to_owned());
    }
    let url = format!("http://{authority}{}", std::str::from_utf8(&message.target).ok()?);
    let mut before = String::new();
    if message.body != Body::Nothing {
        match std::str::from_utf8(&body) {
            Ok(text) if !text.contains('\0') && !text.starts_with('@') && text.len() < 4096 => {
                words.push(format!("--data-binary {}", quoted(text)));
            }
            _ => {
                before = format!("{} | ", printf(&body));
                words.push("--data-binary @-".to_owned());
            }
        }
        // A long body would wait for a `100 Continue` otherwise.
        words.push("-H 'expect:'".to_owned());
    }
    words.push(quoted(&url));
    Some(before + &words.join(" "))
}

/// The bytes themselves, through a socket. It waits for the answer as long as the server does.
fn bytes(message: &Message, host: &str, port: u16) -> String {
    format!("{} | nc -N {host} {port}", printf(&message.bytes()))
}

/// A command that writes these bytes, in any shell.
fn printf(bytes: &[u8]) -> String {
    let mut text = String::from("printf '");
    let mut rest = bytes;
    while let Some((first, after)) = rest.split_first() {
        let repeated = rest.iter().take_while(|byte| *byte == first).count();
        if repeated > 64 {
            // Nobody wants to paste a megabyte.
            let _ = write!(
                text,
                "'; head -c {repeated} /dev/zero | tr '\\0' '{}'; printf '",
                escaped(*first)
            );
            rest = &rest[repeated..];
            continue;
        }
        match first {
            b'%' => text.push_str("%%"),
            other => text.push_str(&escaped(*other)),
        }
        rest = after;
    }
    text.push('\'');
    if text.contains("; head -c") { format!("{{ {text}; }}") } else { text }
}

/// As `printf` and `tr` read it, between quotes.
fn escaped(byte: u8) -> String {
    match byte {
        b'\r' => "\\r".to_owned(),
        b'\n' => "\\n".to_owned(),
        b' '..=b'~' if !b"'\\".contains(&byte) => char::from(byte).to_string(),
        other => format!("\\{other:03o}"),
    }
}

/// For a shell.
fn quoted(text: &str) -> String {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "-_./:=?&%".contains(letter);
    if !text.is_empty() && text.chars().all(plain) && !text.contains(['?', '&']) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn command_for(message: &Message) -> String {
        command(message, "127.0.0.1", 8000, "127.0.0.1:8000")
    }

    #[test]
    fn what_curl_can_send_is_a_curl_command() {
        let get = Message::new("GET", "/x?y=1", "127.0.0.1:8000", Body::Nothing);
        assert_eq!(
            command_for(&get),
            "curl -sS -i --path-as-is --globoff -H 'user-agent:' -H 'accept:' 'http://127.0.0.1:8000/x?y=1'"
        );
        let body = Body::Bytes(b"it's".to_vec());
        let mut post = Message::new("POST", "/x", "127.0.0.1:8000", body);
        post.headers.push((b"x-odd".to_vec(), Vec::new()));
        let shown = command_for(&post);
        for part in [
            "-X POST",
            "-H 'x-odd;'",
            "--data-binary 'it'\\''s'",
            "-H 'content-type: application/json'",
        ] {
            assert!(shown.contains(part), "no `{part}` in {shown}");
        }
        post.body = Body::Bytes(b"\0".to_vec());
        assert!(command_for(&post).starts_with("printf '\\000' | curl "), "{}", command_for(&post));
    }

    #[test]
    fn what_it_cannot_send_goes_as_bytes() {
        let mut odd = Message::new("GET", "/", "127.0.0.1:8000", Body::Nothing);
        odd.line_end = b"\n";
        assert_eq!(
            command_for(&odd),
            "printf 'GET / HTTP/1.1\\nhost: 127.0.0.1:8000\\n\\n' | nc -N 127.0.0.1 8000"
        );
        odd.headers.push((b"x".to_vec(), b"50%".to_vec()));
        assert!(command_for(&odd).contains("x: 50%%\\n"));
        odd.target = vec![b'a'; 100_000];
        assert!(command_for(&odd).len() < 300, "{}", command_for(&odd));
    }
    #[test]
    fn a_shell_writes_the_bytes_however_long_the_run_of_one() {
        for byte in 0..=u8::MAX {
            let bytes = [&b"a%"[..], &[byte, 7], &[byte; 20_000], b"z"].concat();
            let command = printf(&bytes);
            assert!(command.len() < 200, "{command}");
            let output = std::process::Command::new("sh").args(["-c", &command]).output().unwrap();
            assert!(output.stdout == bytes, "{command}: {output:?}");
        }
    }
}
