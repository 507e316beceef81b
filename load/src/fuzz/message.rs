//! A request as its parts, each of which may be wrong.

use super::node::Node;

/// Beyond this many bytes of a head, or header lines, a server may hang up without a word.
const LONG_HEAD: usize = 4096;
const MANY_HEADERS: usize = 32;
/// While a body is longer than that, a server may hang up on it; the answer may be lost with it.
const LONG_BODY: usize = 60_000;

/// The headers that decide where a message ends, and what becomes of its connection.
const FRAMING: [&str; 6] =
    ["content-length", "transfer-encoding", "connection", "upgrade", "expect", "te"];

/// A request.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Message {
    pub(crate) method: Vec<u8>,
    pub(crate) target: Vec<u8>,
    pub(crate) version: Vec<u8>,
    pub(crate) headers: Vec<(Vec<u8>, Vec<u8>)>,
    pub(crate) body: Body,
    pub(crate) framing: Framing,
    /// What ends a line.
    pub(crate) line_end: &'static [u8],
    /// Only so many bytes are sent.
    pub(crate) cut: Option<usize>,
}

/// What comes after the head.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Body {
    Nothing,
    Json(Node),
    Bytes(Vec<u8>),
}

/// How the end of the body is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Framing {
    /// By its length, which is right.
    Length,
    /// By chunks, which are right.
    Chunks,
    /// By whatever the headers say.
    AsSaid,
}

impl Message {
    /// A request without fault; `host` is what its header says.
    pub(crate) fn new(method: &str, target: &str, host: &str, body: Body) -> Self {
        let mut headers = vec![(b"host".to_vec(), host.as_bytes().to_vec())];
        if body != Body::Nothing {
            headers.push((b"content-type".to_vec(), b"application/json".to_vec()));
        }
        Self {
            method: method.into(),
            target: target.into(),
            version: b"HTTP/1.1".to_vec(),
            headers,
            body,
            framing: Framing::Length,
            line_end: b"\r\n",
            cut: None,
        }
    }

    /// As it is sent.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let body = self.body.bytes();
        let mut bytes = self.head(body.len());
        match self.framing {
            Framing::Chunks => {
                // In two, so that there is something between them.
                let (first, second) = body.split_at(body.len() / 2);
                for chunk in [first, second].into_iter().filter(|chunk| !chunk.is_empty()) {
                    bytes.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
                    bytes.extend_from_slice(chunk);
                    bytes.extend_from_slice(b"\r\n");
                }
                bytes.extend_from_slice(b"0\r\n\r\n");
            }
            Framing::Length | Framing::AsSaid => bytes.extend_from_slice(&body),
        }
        bytes.truncate(self.cut.unwrap_or(bytes.len()));
        bytes
    }

    fn head(&self, body: usize) -> Vec<u8> {
        let mut head = [&*self.method, &*self.target, &*self.version].join(&b' ');
        head.extend_from_slice(self.line_end);
        let mut line = |name: &[u8], value: &[u8]| {
            head.extend_from_slice(name);
            head.extend_from_slice(b": ");
            head.extend_from_slice(value);
            head.extend_from_slice(self.line_end);
        };
        for (name, value) in &self.headers {
            line(name, value);
        }
        match self.framing {
            Framing::Length if self.body != Body::Nothing => {
                line(b"content-length", body.to_string().as_bytes());
            }
            Framing::Chunks => line(b"transfer-encoding", b"chunked"),
            Framing::Length | Framing::AsSaid => {}
        }
        head.extend_from_slice(self.line_end);
        head
    }

    /// Must every server that speaks HTTP/1.1 answer it, whatever the answer is? Only where there
    /// is no doubt: RFC 9112 lets a server hang up on much of the rest.
    pub(crate) fn is_due_an_answer(&self) -> bool {
        let body = self.body.bytes().len();
        let hosts = self.headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case(b"host"));
        is_token(&self.method)
            && ![&b"CONNECT"[..], b"TRACE", b"PRI"].contains(&&*self.method)
            && self.target.starts_with(b"/")
            && self.target.iter().all(is_of_a_uri)
            && self.version == b"HTTP/1.1"
            && self.line_end == b"\r\n"
            && self.cut.is_none()
            && self.framing != Framing::AsSaid
            && body <= LONG_BODY
            && self.head(body).len() <= LONG_HEAD
            && self.headers.len() <= MANY_HEADERS
            && hosts.count() == 1
            && self.headers.iter().all(|(name, value)| is_plain(name, value))
    }

    /// Will its connection still be good for the next one?
    pub(crate) fn leaves_a_clean_connection(&self) -> bool {
        self.is_due_an_answer() && self.method != b"HEAD"
    }
}

/// A header that no server can misunderstand.
fn is_plain(name: &[u8], value: &[u8]) -> bool {
    let framing = FRAMING.iter().any(|known| name.eq_ignore_ascii_case(known.as_bytes()));
    let odd_host = name.eq_ignore_ascii_case(b"host")
        && !value.iter().all(|byte| byte.is_ascii_alphanumeric() || b".-:[]".contains(byte));
    is_token(name)
        && !framing
        && !odd_host
        && value.iter().all(|byte| *byte == b' ' || byte.is_ascii_graphic())
}

/// RFC 3986, 3.3 and 3.4: what stands in a path and a query.
fn is_of_a_uri(byte: &u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@/?%".contains(byte)
}

/// RFC 9110, 5.6.2.
pub(crate) fn is_token(text: &[u8]) -> bool {
    let is_mark = |byte: &u8| b"!#$%&'*+-.^_`|~".contains(byte);
    !text.is_empty() && text.iter().all(|byte| byte.is_ascii_alphanumeric() || is_mark(byte))
}

impl Body {
    pub(crate) fn bytes(&self) -> Vec<u8> {
        match self {
            Self::Nothing => Vec::new(),
            Self::Json(node) => node.bytes(),
            Self::Bytes(bytes) => bytes.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(message: &Message) -> String {
        String::from_utf8(message.bytes()).unwrap()
    }

    #[test]
    fn a_request_without_fault_is_due_an_answer() {
        let body = Body::Json(Node::text("[1]"));
        let mut message = Message::new("POST", "/x?y=1", "there:1", body);
        let head = "POST /x?y=1 HTTP/1.1\r\nhost: there:1\r\ncontent-type: application/json\r\n";
        assert_eq!(text(&message), format!("{head}content-length: 3\r\n\r\n[1]"));
        assert!(message.is_due_an_answer());
        message.framing = Framing::Chunks;
        let chunks = "transfer-encoding: chunked\r\n\r\n1\r\n[\r\n2\r\n1]\r\n0\r\n\r\n";
        assert_eq!(text(&message), format!("{head}{chunks}"));
        assert!(message.is_due_an_answer());
        message.body = Body::Bytes(b"}{".to_vec());
        assert!(message.is_due_an_answer(), "what is in a body is the application's matter");
        message.cut = Some(4);
        assert_eq!(text(&message), "POST");
        assert!(!message.is_due_an_answer());
    }

    #[test]
    fn no_answer_is_due_where_a_server_may_hang_up() {
        let plain = Message::new("GET", "/", "there", Body::Nothing);
        let with = |name: &str, value: &str| {
            let mut message = plain.clone();
            message.headers.push((name.into(), value.into()));
            message
        };
        assert!(with("x-odd", "\"=;,").is_due_an_answer());
        for message in [
            with("host", "there"),
            with("content-length", "0"),
            with("expect", "100-continue"),
            with("x y", "z"),
            with("x", "a\0b"),
            with("x", &"y".repeat(5000)),
            Message { version: b"HTTP/2.0".to_vec(), ..plain.clone() },
            Message { target: b"/a b".to_vec(), ..plain.clone() },
            Message { target: b"/<".to_vec(), ..plain.clone() },
            Message { target: b"x".to_vec(), ..plain.clone() },
            Message { method: b"G(T".to_vec(), ..plain.clone() },
            Message { line_end: b"\n", ..plain.clone() },
            Message { headers: Vec::new(), ..plain.clone() },
        ] {
            assert!(!message.is_due_an_answer(), "{}", message.bytes().escape_ascii());
        }
    }
}
