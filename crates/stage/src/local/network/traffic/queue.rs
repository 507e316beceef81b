//! Bytes under way: each chunk arrives at its moment, in the order in which they were sent.

use std::collections::VecDeque;
use std::time::Instant;

/// Bytes that may be under way on one direction of one connection; then the sender has to wait, as
/// with a full queue of packets.
const MAX_BYTES: usize = 256 * 1024;

/// Chunks that were read and not yet written; an empty one is the end of the stream.
#[derive(Default)]
pub(crate) struct Queue {
    chunks: VecDeque<(Instant, Vec<u8>)>,
    bytes: usize,
    ended: bool,
}

impl Queue {
    /// Takes a chunk that arrives at `due`, or right after the one before it.
    pub(crate) fn push(&mut self, chunk: Vec<u8>, due: Instant) {
        let due = self.chunks.back().map_or(due, |(before, _)| due.max(*before));
        self.bytes += chunk.len();
        self.ended |= chunk.is_empty();
        self.chunks.push_back((due, chunk));
    }

    /// The first chunk, if it has arrived.
    pub(crate) fn pop(&mut self, now: Instant) -> Option<Vec<u8>> {
        let (due, _) = self.chunks.front()?;
        if *due > now {
            return None;
        }
        let (_, chunk) = self.chunks.pop_front()?;
        self.bytes -= chunk.len();
        Some(chunk)
    }

    /// Has everything arrive by `latest`: what held it up longer is gone.
    pub(crate) fn deliver_by(&mut self, latest: Instant) {
        self.chunks.iter_mut().for_each(|(due, _)| *due = (*due).min(latest));
    }

    /// Bytes under way.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// When the next chunk arrives.
    pub(crate) fn next(&self) -> Option<Instant> {
        self.chunks.front().map(|(due, _)| *due)
    }

    /// Whether more may be sent.
    pub(crate) fn has_room(&self) -> bool {
        !self.ended && self.bytes < MAX_BYTES
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.chunks.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn chunks_keep_their_order_and_none_is_early(dues in proptest::collection::vec(0u64..1_000, 1..40)) {
            let start = Instant::now();
            let mut queue = Queue::default();
            for (index, due) in dues.iter().enumerate() {
                queue.push(vec![u8::try_from(index).unwrap()], start + Duration::from_millis(*due));
            }
            let mut seen = Vec::new();
            for ms in 0..1_000 {
                while let Some(chunk) = queue.pop(start + Duration::from_millis(ms)) {
                    prop_assert!(dues[usize::from(chunk[0])] <= ms);
                    seen.push(usize::from(chunk[0]));
                }
            }
            prop_assert_eq!(seen, (0..dues.len()).collect::<Vec<_>>());
        }
    }

    #[test]
    fn a_full_queue_and_an_ended_one_take_no_more() {
        let now = Instant::now();
        let later = now + Duration::from_secs(9);
        let mut queue = Queue::default();
        queue.push(vec![0; MAX_BYTES], later);
        assert!(!queue.has_room() && queue.pop(now).is_none());
        queue.deliver_by(now);
        assert!(queue.pop(now).is_some() && queue.has_room() && queue.is_empty());
        queue.push(Vec::new(), now);
        assert!(!queue.has_room());
    }
}
