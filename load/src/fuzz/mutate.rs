//! What is done to a request: one to four changes, each of a kind that a parser, a framework or a
//! handler has once stumbled over. All of it follows from a number, so that a case can be repeated.

mod body;
mod head;

use super::message::{Body, Message};
use crate::random::Random;

/// Changes at most.
const MOST: u64 = 4;

/// A change of one kind.
type Change = fn(&mut Message, &mut Random);

/// How often each kind of change is taken, relative to the others. What an application has to cope
/// with outweighs what its HTTP library has to.
const CHANGES: [(u64, Change); 18] = [
    (6, head::word_of_target),
    (2, head::query),
    (1, head::whole_target),
    (1, head::long_target),
    (2, head::method),
    (1, head::version),
    (4, head::header),
    (1, head::many_headers),
    (1, head::malformed_header),
    (2, head::framing),
    (1, head::line_end),
    (1, head::cut),
    (12, body::value),
    (6, body::shape),
    (4, body::text),
    (2, body::size),
    (6, body::rpc),
    (1, body::chunks),
];

/// A request made odd.
pub(crate) fn mutated(seed: &Message, random: &mut Random) -> Message {
    let mut message = seed.clone();
    // As many with one change as with more: two faults often hide each other.
    let changes = 1 + random.below(2) * random.below(MOST);
    for _ in 0..changes {
        pick(random)(&mut message, random);
    }
    message
}

fn pick(random: &mut Random) -> Change {
    let whole: u64 = CHANGES.iter().map(|(weight, _)| weight).sum();
    let mut left = random.below(whole);
    for (weight, change) in CHANGES {
        match left.checked_sub(weight) {
            None => return change,
            Some(rest) => left = rest,
        }
    }
    unreachable!("a number below the sum of all weights is below one of them")
}

/// The body as bytes that can be changed.
fn raw(message: &mut Message) -> &mut Vec<u8> {
    let bytes = message.body.bytes();
    message.body = Body::Bytes(bytes);
    match &mut message.body {
        Body::Bytes(bytes) => bytes,
        _ => unreachable!("it was made so a line ago"),
    }
}

#[cfg(test)]
mod tests;
