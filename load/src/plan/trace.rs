//! The `traceparent` header (W3C Trace Context), so that the server's logs and traces of a run are
//! found.

use hyper::header::HeaderValue;

use crate::random::Random;

/// Makes W3C trace context headers. The first half of every trace id is the id of the run, so that
/// the server's logs of one run are found by their beginning; the second half is random, as the
/// standard wants.
#[derive(Clone, Debug)]
pub(crate) struct Tracer {
    run_id: u64,
    /// Part of the requests that ask the server to record a trace, 0 to 1.
    ratio: f64,
    random: Random,
}

impl Tracer {
    pub(crate) fn new(run_id: u64, ratio: f64) -> Self {
        Self { run_id, ratio, random: Random::unrepeatable() }
    }

    /// `00-<trace id>-<parent id>-<flags>`.
    pub(crate) fn traceparent(&mut self) -> HeaderValue {
        // All zeros are invalid as parent id; `| 1` costs one bit.
        let (trace, parent) = (self.random.next(), self.random.next() | 1);
        let sampled = self.ratio > 0.0 && self.random.fraction() < self.ratio;
        let mut text = *b"00-0123456789abcdef0123456789abcdef-0123456789abcdef-00";
        hex(&mut text[3..19], self.run_id);
        hex(&mut text[19..35], trace);
        hex(&mut text[36..52], parent);
        text[54] = b'0' + u8::from(sampled);
        HeaderValue::from_bytes(&text).expect("digits and dashes are a header value")
    }
}

fn hex(digits: &mut [u8], number: u64) {
    for (place, digit) in digits.iter_mut().rev().enumerate() {
        *digit = b"0123456789abcdef"[(number >> (4 * place) & 0xf) as usize];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn traceparents_are_valid_unique_and_begin_with_the_run() {
        let mut tracer = Tracer::new(0xabcd, 0.5);
        let mut seen = std::collections::HashSet::new();
        let mut sampled = 0;
        for _ in 0..1000 {
            let header = tracer.traceparent();
            let parts: Vec<&str> = header.to_str().unwrap().split('-').collect();
            assert_eq!(parts.iter().map(|part| part.len()).collect::<Vec<_>>(), [2, 32, 16, 2]);
            assert!(parts[1].starts_with("000000000000abcd") && parts[2] != "0000000000000000");
            assert!(parts.iter().all(|part| {
                part.bytes().all(|byte| byte.is_ascii_hexdigit() && !byte.is_ascii_uppercase())
            }));
            assert!(seen.insert(parts[1].to_owned()));
            sampled += usize::from(parts[3] == "01");
        }
        assert!((400..600).contains(&sampled), "{sampled}");
        assert!(Tracer::new(1, 0.0).traceparent().as_bytes().ends_with(b"-00"));
        assert!(Tracer::new(1, 1.0).traceparent().as_bytes().ends_with(b"-01"));
    }
}
