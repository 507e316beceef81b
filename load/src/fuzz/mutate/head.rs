//! Changes to what comes before the body.

use crate::{
    fuzz::{
        message::{Framing, Message},
        odd::{FRAMINGS, HEADERS, METHODS, TARGETS, VERSIONS, WORDS},
    },
    random::Random,
};

/// A segment of the path, or the value of a parameter, is another one.
pub(super) fn word_of_target(message: &mut Message, random: &mut Random) {
    let target = message.target.clone();
    let starts: Vec<usize> =
        (0..target.len()).filter(|at| b"/=".contains(&target[*at])).map(|at| at + 1).collect();
    let Some(start) = random.one(&starts).copied() else { return };
    let rest = &target[start..];
    let end = rest.iter().position(|byte| b"/?&=".contains(byte)).unwrap_or(rest.len());
    let word = random.one(&WORDS).expect("there are words");
    message.target = [&target[..start], word.as_bytes(), &rest[end..]].concat();
}

/// A parameter more, twice or without a value.
pub(super) fn query(message: &mut Message, random: &mut Random) {
    let query = message.target.iter().position(|byte| *byte == b'?');
    let more = match (random.below(5), query) {
        (0, Some(at)) => message.target[at + 1..].to_vec(),
        (1, _) => b"=&&=&x".to_vec(),
        (2, _) => b"a[]=1&a[b]=2&a=3".to_vec(),
        (3, _) => "x=1&".repeat(500).into_bytes(),
        _ => {
            let word = random.one(&WORDS).expect("there are words");
            format!("x={word}").into_bytes()
        }
    };
    message.target.push(if query.is_some() { b'&' } else { b'?' });
    message.target.extend_from_slice(&more);
}

pub(super) fn whole_target(message: &mut Message, random: &mut Random) {
    message.target = random.one(&TARGETS).expect("there are targets").to_vec();
}

pub(super) fn long_target(message: &mut Message, random: &mut Random) {
    let unit: &[u8] = [&b"a"[..], b"/a", b"%61", b"../"][random.below(4) as usize];
    let length = 1 << (8 + random.below(9));
    message.target.push(b'/');
    message.target.extend(unit.iter().cycle().take(length));
}

pub(super) fn method(message: &mut Message, random: &mut Random) {
    message.method = random.one(&METHODS).expect("there are methods").as_bytes().to_vec();
}

pub(super) fn version(message: &mut Message, random: &mut Random) {
    message.version = random.one(&VERSIONS).expect("there are versions").as_bytes().to_vec();
}

/// A header that somebody parses.
pub(super) fn header(message: &mut Message, random: &mut Random) {
    let (name, value) = random.one(&HEADERS).expect("there are headers");
    if random.below(3) > 0 {
        message.headers.retain(|(known, _)| known != name.as_bytes());
    }
    message.headers.push((name.as_bytes().to_vec(), value.to_vec()));
}

pub(super) fn many_headers(message: &mut Message, random: &mut Random) {
    let (many, long) = [(20, 20), (100, 10), (2000, 10), (1, 100_000)][random.below(4) as usize];
    for number in 0..many {
        message.headers.push((format!("x-{number}").into_bytes(), vec![b'v'; long]));
    }
}

/// A header that is none.
pub(super) fn malformed_header(message: &mut Message, random: &mut Random) {
    let header: (&[u8], &[u8]) = match random.below(8) {
        0 => (b"", b"x"),
        1 => (b"x y", b"z"),
        2 => (b"x\0", b"z"),
        3 => (b"x", b"a\r\n folded"),
        4 => (b"x", b"a\0b"),
        5 => (b"\xff", b"\xfe"),
        6 => (b"host", b"other"),
        _ => {
            message.headers.retain(|(name, _)| name != b"host");
            return;
        }
    };
    message.headers.push((header.0.to_vec(), header.1.to_vec()));
}

/// A length, or an encoding, that does not fit; with or without the right one.
pub(super) fn framing(message: &mut Message, random: &mut Random) {
    let (name, value) = random.one(&FRAMINGS).expect("there are framings");
    message.headers.push((name.as_bytes().to_vec(), value.to_vec()));
    if random.below(2) == 0 {
        message.framing = Framing::AsSaid;
    }
}

pub(super) fn line_end(message: &mut Message, random: &mut Random) {
    message.line_end = [&b"\n"[..], b"\r", b"\n\r", b"\r\r\n"][random.below(4) as usize];
}

/// The client hangs up in the middle.
pub(super) fn cut(message: &mut Message, random: &mut Random) {
    let length = message.bytes().len() as u64;
    message.cut = Some(random.below(length.max(1)) as usize);
}
