//! How a client behaves, as data: what it says at once, and what it does afterwards, for ever.
//!
//! Each profile is one row of that; `holder` knows nothing of their names.

use std::time::Duration;

use super::options::{After, HalfOpen, Profile, SlowHeader, SlowRead};

/// The receive buffer of a client that wants to be slow: the kernel takes its smallest.
const SMALL_BUFFER: u32 = 1024;

/// The body that a client announces, and how much of it comes. Less than a server looks at before
/// it decides anything.
const ANNOUNCED: usize = 1000;
const SENT: usize = 100;

/// How a client behaves.
#[derive(Clone, Debug)]
pub(crate) struct Manner {
    /// What it says when it is connected.
    pub(crate) says: Vec<u8>,
    pub(crate) then: Then,
    /// The size of its receive buffer, if it is not the kernel's choice.
    pub(crate) receive_buffer: Option<u32>,
}

/// What it does afterwards.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Then {
    /// Nothing. It does not even read.
    Stay,
    /// One more header line each time, and never the empty one that would end them.
    Headers(Duration),
    /// So many bytes of the answer each time.
    Read(Duration, usize),
}

impl Manner {
    /// The manner of a profile; `head` is a request without the empty line at its end.
    pub(crate) fn of(profile: &Profile, head: &RequestHead<'_>) -> Self {
        let request = format!("{}\r\n", head.text("GET"));
        let stays =
            |says: String| Self { says: says.into_bytes(), then: Then::Stay, receive_buffer: None };
        match profile {
            Profile::Hoard(_) => stays(request),
            Profile::SlowHeader(SlowHeader { every, .. }) => {
                Self { then: Then::Headers(*every), ..stays(head.text("GET")) }
            }
            Profile::SlowRead(SlowRead { every, bytes, requests, .. }) => Self {
                says: request.repeat(*requests).into_bytes(),
                then: Then::Read(*every, *bytes),
                receive_buffer: Some(SMALL_BUFFER),
            },
            Profile::HalfOpen(HalfOpen { after, .. }) => stays(match after {
                After::Nothing => String::new(),
                After::Header => {
                    let text = head.text("GET");
                    text[..text.len() - "\r\n".len() - 1].to_owned()
                }
                After::Body => format!(
                    "{}content-type: application/json\r\ncontent-length: {ANNOUNCED}\r\n\r\n[{}",
                    head.text("POST"),
                    "1,".repeat(SENT / 2)
                ),
            }),
        }
    }
}

/// What a request begins with.
pub(crate) struct RequestHead<'h> {
    pub(crate) path: &'h str,
    pub(crate) host: &'h str,
    /// `NAME: VALUE`, checked.
    pub(crate) headers: &'h [String],
}

impl RequestHead<'_> {
    fn text(&self, method: &str) -> String {
        let Self { path, host, headers } = self;
        let lines: String = headers.iter().map(|line| format!("{line}\r\n")).collect();
        format!("{method} {path} HTTP/1.1\r\nhost: {host}\r\nuser-agent: load\r\n{lines}")
    }
}

/// Header line number `number`, whose content says nothing.
pub(crate) fn header_line(number: u64) -> String {
    format!("x-slow-{number}: {number}\r\n")
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::attack::options::Command;

    fn says(arguments: &[&str]) -> String {
        let all = [&["load"], arguments, &["http://127.0.0.1:1/x"]].concat();
        let profile = Command::try_parse_from(all).unwrap().profile;
        let head = RequestHead { path: "/x", host: "there", headers: &["a: b".to_owned()] };
        String::from_utf8(Manner::of(&profile, &head).says).unwrap()
    }

    #[test]
    fn only_those_who_want_an_answer_finish_their_request() {
        let head = "GET /x HTTP/1.1\r\nhost: there\r\nuser-agent: load\r\na: b\r\n";
        assert_eq!(says(&["hoard"]), format!("{head}\r\n"));
        assert_eq!(says(&["slow-read", "--requests", "2"]), format!("{head}\r\n{head}\r\n"));
        assert_eq!(says(&["slow-header"]), head);
        assert_eq!(says(&["half-open"]), "");
        assert_eq!(says(&["half-open", "--after", "header"]), head[..head.len() - 3]);
        let body = says(&["half-open", "--after", "body"]);
        let (head, body) = body.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("POST /x ") && head.ends_with("content-length: 1000"), "{head}");
        assert!(body.len() > 50 && body.len() < 512, "{body}");
    }
}
