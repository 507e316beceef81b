//! Changes to the body: as JSON, as JSON-RPC, as text, as bytes.

use super::raw;
use crate::{
    fuzz::{
        message::{Body, Framing, Message},
        node::Node,
        odd::{BODIES, JSON},
    },
    random::Random,
};

/// A value is another one.
pub(super) fn value(message: &mut Message, random: &mut Random) {
    let Body::Json(root) = &mut message.body else { return };
    let which = random.below(root.count() as u64) as usize;
    let odd = random.one(&JSON).expect("there are odd values").to_vec();
    if let Some(node) = root.nth(which) {
        *node = Node::Text(odd);
    }
}

/// A field is missing, there twice, unknown or called something else; a list is longer or deeper.
pub(super) fn shape(message: &mut Message, random: &mut Random) {
    let Body::Json(root) = &mut message.body else { return };
    let which = random.below(root.count() as u64) as usize;
    let Some(node) = root.nth(which) else { return };
    let kind = random.below(6);
    match node {
        Node::Map(fields) if !fields.is_empty() => {
            let at = random.below(fields.len() as u64) as usize;
            match kind {
                0 | 1 => drop(fields.remove(at)),
                2 => {
                    let (name, _) = fields[at].clone();
                    let odd = random.one(&JSON).expect("there are odd values").to_vec();
                    fields.push((name, Node::Text(odd)));
                }
                3 => fields[at].0 = ["", "__proto__", "\u{0}", "ITEM", "a.b"][at % 5].to_owned(),
                4 => fields.push(("unknown".to_owned(), Node::text("1"))),
                _ => *node = Node::List(vec![node.clone()]),
            }
        }
        Node::List(items) if !items.is_empty() => match kind {
            0 => items.clear(),
            1 | 2 => drop(items.remove(random.below(items.len() as u64) as usize)),
            3 | 4 => {
                let first = items[0].clone();
                items.resize(as_many_as_fit(&first, 1 << random.below(10)), first);
            }
            _ => *node = Node::List(vec![node.clone()]),
        },
        node => {
            let depth = 1 << random.below(14);
            let scalar = node.bytes();
            let deep = [&b"[".repeat(depth)[..], &scalar, &b"]".repeat(depth)].concat();
            *node =
                Node::Text(if kind < 3 { deep } else { [b"{\"a\":", &scalar[..], b"}"].concat() });
        }
    }
}

/// Long lists of long lists would fill any memory: so many of a node, or as many as make a
/// mebibyte.
fn as_many_as_fit(node: &Node, wanted: usize) -> usize {
    wanted.min((1 << 20) / node.bytes().len().max(1)).max(1)
}

/// The text is no JSON any more, or only nearly.
pub(super) fn text(message: &mut Message, random: &mut Random) {
    let seed = random.next();
    let odd = random.one(&BODIES).expect("there are bodies").to_vec();
    let bytes = raw(message);
    let at = if bytes.is_empty() { 0 } else { seed as usize % bytes.len() };
    match random.below(5) {
        0 => *bytes = odd,
        1 => bytes.truncate(at),
        2 if !bytes.is_empty() => bytes[at] ^= 1 << (seed >> 61),
        3 if !bytes.is_empty() => bytes[at] = (seed >> 48) as u8,
        _ => bytes.splice(at..at, odd).for_each(drop),
    }
}

/// Larger than anybody expects.
pub(super) fn size(message: &mut Message, random: &mut Random) {
    let length = 1 << (10 + random.below(11));
    let letter = *random.one(b"a\\\"[{ \0\xff").expect("there are letters");
    match (&mut message.body, random.below(2)) {
        (Body::Json(root), 0) => {
            let which = random.below(root.count() as u64) as usize;
            if let Some(node) = root.nth(which) {
                *node = Node::Text([b"\"", &vec![b'a'; length][..], b"\""].concat());
            }
        }
        _ => *raw(message) = vec![letter; length],
    }
}

/// What JSON-RPC 2.0 has rules about: versions, ids, methods, params, batches.
pub(super) fn rpc(message: &mut Message, random: &mut Random) {
    let Body::Json(root) = &mut message.body else { return };
    if root.field("jsonrpc").is_none() {
        return;
    }
    let call = root.clone();
    let Node::Map(fields) = root else { return };
    let mut set = |name: &str, text: &[u8]| {
        fields.retain(|(known, _)| known != name);
        fields.push((name.to_owned(), Node::text(text)));
    };
    let choice = |random: &mut Random, all: &[&'static [u8]]| *random.one(all).expect("not empty");
    match random.below(7) {
        0 => set("jsonrpc", choice(random, &[b"\"1.0\"", b"2.0", b"2", b"\"2.00\"", b"null"])),
        1 => set("id", choice(random, &[b"null", b"1.5", b"-1", b"1e400", b"{}", b"[]", b"true"])),
        2 => fields.retain(|(name, _)| name != "id"),
        3 => {
            let names: [&[u8]; 5] = [b"\"rpc.discover\"", b"\"\"", b"1", b"null", b"[\"x\"]"];
            set("method", choice(random, &names));
        }
        4 => {
            let all: [&[u8]; 7] = [b"[]", b"{}", b"null", b"0", b"\"x\"", b"[[]]", b"[1,2,3,4]"];
            set("params", choice(random, &all));
        }
        5 => {
            let many = as_many_as_fit(&call, 1 << random.below(11));
            *root = Node::List(vec![call; many]);
        }
        _ => {
            let odd = Node::text(choice(random, &[b"1", b"null", b"[]", b"{}", b"\"\""]));
            let batches = [
                vec![],
                vec![odd.clone()],
                vec![call.clone(), odd.clone()],
                vec![Node::List(vec![call]), odd],
            ];
            *root = Node::List(batches[random.below(4) as usize].clone());
        }
    }
}

/// Chunks, right or nearly so.
pub(super) fn chunks(message: &mut Message, random: &mut Random) {
    if random.below(3) == 0 {
        message.framing = Framing::Chunks;
        return;
    }
    let odd: [&[u8]; 8] = [
        b"ffffffffffffffff\r\nx\r\n0\r\n\r\n",
        b"5;ext=\"\r\nabcde\r\n0\r\n\r\n",
        b"-1\r\nx\r\n0\r\n\r\n",
        b"5\nabcde\n0\n\n",
        b"2\r\nabcde\r\n0\r\n\r\n",
        b"5\r\nab",
        b"0\r\ntrailer: x\r\nhost: y\r\n\r\n",
        b"\r\n",
    ];
    message.body = Body::Bytes(random.one(&odd).expect("there are chunks").to_vec());
    message.headers.push((b"transfer-encoding".to_vec(), b"chunked".to_vec()));
    message.framing = Framing::AsSaid;
}
