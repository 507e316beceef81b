//! A part of a blob, for clients that go on where they were cut off.

use rocket::http::Status;

use crate::refusal::{Code, Refusal};

/// From the first to the last byte, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// The first.
    pub first: u64,
    /// The last.
    pub last: u64,
}

impl Part {
    /// How many.
    pub fn bytes(self) -> u64 {
        self.last - self.first + 1
    }

    /// As Content-Range.
    pub fn described(self, size: u64) -> String {
        format!("bytes {}-{}/{size}", self.first, self.last)
    }

    /// Reads `Range`. None means the whole: for headers that are none, and for several ranges,
    /// which a server may ignore.
    ///
    /// # Errors
    /// The blob ends before the part begins.
    pub fn read(header: &str, size: u64) -> Result<Option<Self>, Refusal> {
        let Some(set) = header.trim().strip_prefix("bytes=") else { return Ok(None) };
        let Some((first, last)) = set.split_once('-') else { return Ok(None) };
        let number = |text: &str| text.trim().parse::<u64>().ok();
        let (first, last) = match (number(first), number(last)) {
            (Some(first), Some(last)) if first <= last => (first, last.min(size.saturating_sub(1))),
            (Some(first), None) if last.trim().is_empty() => (first, size.saturating_sub(1)),
            (None, Some(suffix)) if first.trim().is_empty() => (
                if suffix == 0 { size } else { size.saturating_sub(suffix) },
                size.saturating_sub(1),
            ),
            _ => return Ok(None),
        };
        if first < size {
            return Ok(Some(Self { first, last }));
        }
        let why = format!("there are {size} bytes");
        let refusal = Refusal::new(Status::RangeNotSatisfiable, Code::SizeInvalid, why);
        Err(refusal.with("Content-Range", format!("bytes */{size}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_range_leads_out_of_the_blob() {
        let numbers =
            ["", "0", "1", "9", "10", "18446744073709551615", "99999999999999999999", "-1"];
        for size in [0, 1, 10, u64::MAX] {
            for (first, last) in numbers.iter().flat_map(|first| numbers.map(|last| (first, last)))
            {
                if let Ok(Some(part)) = Part::read(&format!("bytes={first}-{last}"), size) {
                    assert!(part.first <= part.last && part.last < size, "{first}-{last} {size}");
                    assert!(part.bytes() <= size);
                }
            }
        }
    }

    #[test]
    fn ranges_are_read_as_http_has_them() {
        let read =
            |header| Part::read(header, 100).map(|part| part.map(|part| (part.first, part.last)));
        for (header, part) in [
            ("bytes=0-0", Some((0, 0))),
            ("bytes=10-", Some((10, 99))),
            ("bytes=10-1000", Some((10, 99))),
            ("bytes=-10", Some((90, 99))),
            ("bytes=-1000", Some((0, 99))),
            ("bytes=5-4", None),
            ("bytes=0-1,5-6", None),
            ("bytes=a-b", None),
            ("bytes=", None),
            ("pages=0-1", None),
        ] {
            assert_eq!(read(header).unwrap(), part, "{header}");
        }
        for beyond in ["bytes=100-", "bytes=100-200", "bytes=-0"] {
            assert_eq!(read(beyond).unwrap_err().status(), Status::RangeNotSatisfiable, "{beyond}");
        }
        assert!(Part::read("bytes=0-", 0).is_err(), "of nothing there is no part");
    }
}
