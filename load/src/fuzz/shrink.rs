//! From a request that failed to the smallest one that fails in the same way: whatever can be left
//! out without changing the outcome says nothing about the cause.

use std::time::{Duration, Instant};

use super::{
    message::{Body, Framing, Message},
    node::Node,
};

/// Requests that are sent, and time that is taken, at most.
const ATTEMPTS: usize = 600;
const TIME: Duration = Duration::from_secs(10);

/// What shrinking came to.
pub(crate) struct Shrunk {
    pub(crate) message: Message,
    pub(crate) attempts: usize,
}

/// Shrinks `message` for as long as `fails_alike` says that what is left is the same failure.
pub(crate) async fn shrink(
    message: Message,
    mut fails_alike: impl AsyncFnMut(&Message) -> bool,
) -> Shrunk {
    let start = Instant::now();
    let mut shrunk = Shrunk { message, attempts: 0 };
    loop {
        let before = cost(&shrunk.message);
        let mut smaller = None;
        for candidate in candidates(&shrunk.message) {
            if cost(&candidate) >= before {
                continue;
            }
            if shrunk.attempts >= ATTEMPTS || start.elapsed() >= TIME {
                return shrunk;
            }
            shrunk.attempts += 1;
            if fails_alike(&candidate).await {
                smaller = Some(candidate);
                break;
            }
        }
        match smaller {
            Some(candidate) => shrunk.message = candidate,
            None => return shrunk,
        }
    }
}

/// How far a request is from the smallest one. What is sound HTTP stays so: everybody can send it,
/// and nobody can say that it is the sender's fault.
fn cost(message: &Message) -> (usize, usize) {
    let oddities = [
        message.method != b"GET",
        message.version != b"HTTP/1.1",
        message.framing != Framing::Length,
        message.line_end != b"\r\n",
        message.cut.is_some(),
    ];
    let odd = oddities.into_iter().filter(|odd| *odd).count();
    (usize::from(!message.is_due_an_answer()), odd + message.bytes().len())
}

/// Requests that are a step simpler, the largest steps first.
fn candidates(message: &Message) -> Vec<Message> {
    let mut all = Vec::new();
    let mut add = |change: &dyn Fn(&mut Message)| {
        let mut candidate = message.clone();
        change(&mut candidate);
        all.push(candidate);
    };
    if let Some(cut) = message.cut {
        add(&|it| it.cut = None);
        for shorter in [cut / 2, cut.saturating_sub(1)] {
            add(&|it| it.cut = Some(shorter));
        }
    }
    add(&|it| it.body = Body::Nothing);
    add(&|it| it.framing = Framing::Length);
    add(&|it| it.line_end = b"\r\n");
    add(&|it| it.version = b"HTTP/1.1".to_vec());
    for method in [&b"GET"[..], b"POST"] {
        add(&|it| it.method = method.to_vec());
    }
    for (from, to) in chunks(message.headers.len()) {
        add(&|it| drop(it.headers.drain(from..to)));
    }
    if let Some(query) = message.target.iter().position(|byte| *byte == b'?') {
        add(&|it| it.target.truncate(query));
    }
    for (from, to) in chunks(message.target.len()) {
        add(&|it| drop(it.target.drain(from..to)));
    }
    match &message.body {
        Body::Nothing => {}
        Body::Json(root) => {
            for node in simpler(root) {
                add(&|it| it.body = Body::Json(node.clone()));
            }
        }
        Body::Bytes(bytes) => {
            for (from, to) in chunks(bytes.len()) {
                add(&|it| it.body = Body::Bytes([&bytes[..from], &bytes[to..]].concat()));
            }
        }
    }
    for (index, (name, value)) in message.headers.iter().enumerate() {
        for (from, to) in chunks(value.len()) {
            add(&|it| it.headers[index].1 = [&value[..from], &value[to..]].concat());
        }
        for (from, to) in chunks(name.len()) {
            add(&|it| it.headers[index].0 = [&name[..from], &name[to..]].concat());
        }
    }
    all
}

/// Parts of a text that could be left out: all, halves, quarters, and so on down to single bytes,
/// as delta debugging does (Zeller, Hildebrandt 2002).
fn chunks(length: usize) -> Vec<(usize, usize)> {
    let mut chunks = Vec::new();
    let mut size = length;
    while size > 0 {
        chunks.extend((0..length).step_by(size).map(|from| (from, (from + size).min(length))));
        size /= 2;
    }
    chunks.truncate(200);
    chunks
}

/// JSON texts in which one node is simpler, or is all that is left.
fn simpler(root: &Node) -> Vec<Node> {
    let mut all = Vec::new();
    for number in 0..root.count().min(200) {
        // Each is a copy of the whole; the first ones are the largest steps.
        if all.len() > ATTEMPTS {
            break;
        }
        let mut whole = root.clone();
        let Some(node) = whole.nth(number).cloned() else { break };
        if number > 0 {
            all.push(node.clone());
        }
        let mut replace = |by: Node| {
            if let Some(place) = whole.nth(number) {
                let before = std::mem::replace(place, by);
                all.push(whole.clone());
                *whole.nth(number).expect("it was there a line ago") = before;
            }
        };
        replace(Node::text("0"));
        match &node {
            Node::Text(text) => {
                // As much from both ends: what is in brackets keeps its balance.
                let mut size = text.len() / 4;
                while size > 0 {
                    replace(Node::text(&text[size..text.len() - size]));
                    size /= 2;
                }
                for (from, to) in chunks(text.len()).into_iter().skip(1) {
                    replace(Node::Text([&text[..from], &text[to..]].concat()));
                }
            }
            Node::List(items) => {
                for (from, to) in chunks(items.len()) {
                    replace(Node::List([&items[..from], &items[to..]].concat()));
                }
            }
            Node::Map(fields) => {
                for (from, to) in chunks(fields.len()) {
                    replace(Node::Map([&fields[..from], &fields[to..]].concat()));
                }
            }
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn shrunk(message: Message, needle: &str) -> String {
        let needle = needle.as_bytes();
        let has = |bytes: &[u8]| bytes.windows(needle.len()).any(|part| part == needle);
        assert!(has(&message.bytes()));
        let shrunk = shrink(message, async |candidate: &Message| has(&candidate.bytes())).await;
        String::from_utf8(shrunk.message.bytes()).unwrap()
    }

    fn call() -> Message {
        let text = r#"{"a":[1,2,{"deep":"cause here"},3],"b":"long long long","c":{"d":{"e":5}}}"#;
        let value: serde_json::Value = serde_json::from_str(text).unwrap();
        let mut message = Message::new("POST", "/x?y=1&z=2", "there", Body::Json((&value).into()));
        message.headers.push((b"x-odd".to_vec(), b"value".to_vec()));
        message.framing = Framing::Chunks;
        message
    }

    #[tokio::test]
    async fn only_the_cause_is_left() {
        let text = shrunk(call(), "\"cause here\"").await;
        assert!(text.ends_with("\r\n\r\n\"cause here\""), "{text}");
        assert!(!text.contains("x-odd") && !text.contains("chunked"), "{text}");
        assert!(text.starts_with("GET "), "{text}");
    }

    #[tokio::test]
    async fn a_cause_in_the_head_leaves_no_body() {
        let text = shrunk(call(), "z=2").await;
        assert!(text.contains("z=2") && text.ends_with("\r\n\r\n") && text.len() < 40, "{text}");
        assert!(shrunk(call(), "value").await.len() < 40);
    }
}
