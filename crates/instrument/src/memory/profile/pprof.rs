//! The part of pprof's profile format that a heap profile with names needs.
//!
//! The format is a protocol buffer in which every text is an index into one table of strings; see
//! <https://github.com/google/pprof/blob/main/proto/profile.proto> for the meaning of the field
//! numbers.

use std::borrow::Cow;
use std::collections::HashMap;
use std::io::{self, Write};
use std::time::{SystemTime, UNIX_EPOCH};

use flate2::Compression;
use flate2::write::GzEncoder;
use prost::Message;

#[derive(Clone, PartialEq, Message)]
struct ProfileMessage {
    #[prost(message, repeated, tag = "1")]
    sample_type: Vec<ValueType>,
    #[prost(message, repeated, tag = "2")]
    sample: Vec<Sample>,
    #[prost(message, repeated, tag = "4")]
    location: Vec<Location>,
    #[prost(message, repeated, tag = "5")]
    function: Vec<Function>,
    #[prost(string, repeated, tag = "6")]
    string_table: Vec<String>,
    #[prost(int64, tag = "9")]
    time_nanos: i64,
    #[prost(message, optional, tag = "11")]
    period_type: Option<ValueType>,
}

#[derive(Clone, PartialEq, Message)]
struct ValueType {
    #[prost(int64, tag = "1")]
    r#type: i64,
    #[prost(int64, tag = "2")]
    unit: i64,
}

#[derive(Clone, PartialEq, Message)]
struct Sample {
    #[prost(uint64, repeated, tag = "1")]
    location_id: Vec<u64>,
    #[prost(int64, repeated, tag = "2")]
    value: Vec<i64>,
}

#[derive(Clone, PartialEq, Message)]
struct Location {
    #[prost(uint64, tag = "1")]
    id: u64,
    #[prost(message, repeated, tag = "4")]
    line: Vec<Line>,
}

#[derive(Clone, PartialEq, Message)]
struct Line {
    #[prost(uint64, tag = "1")]
    function_id: u64,
}

#[derive(Clone, PartialEq, Message)]
struct Function {
    #[prost(uint64, tag = "1")]
    id: u64,
    #[prost(int64, tag = "2")]
    name: i64,
}

/// A profile under construction. One function is one location: a heap profile by function needs no
/// lines.
pub(crate) struct Profile {
    message: ProfileMessage,
    functions: HashMap<Cow<'static, str>, u64>,
}

impl Profile {
    pub(crate) fn new(sample_type: &str, unit: &str) -> Self {
        let value_type = ValueType { r#type: 1, unit: 2 };
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let message = ProfileMessage {
            sample_type: vec![value_type.clone()],
            period_type: Some(value_type),
            string_table: vec![String::new(), sample_type.to_owned(), unit.to_owned()],
            time_nanos: i64::try_from(since.as_nanos()).unwrap_or(i64::MAX),
            ..Default::default()
        };
        Self { message, functions: HashMap::new() }
    }

    /// Adds one stack, innermost frame first.
    pub(crate) fn push(&mut self, frames: impl Iterator<Item = Cow<'static, str>>, value: i64) {
        let location_id = frames.map(|name| self.function(name)).collect();
        self.message.sample.push(Sample { location_id, value: vec![value] });
    }

    fn function(&mut self, name: Cow<'static, str>) -> u64 {
        let message = &mut self.message;
        *self.functions.entry(name).or_insert_with_key(|name| {
            let id = message.function.len() as u64 + 1;
            message.function.push(Function { id, name: message.string_table.len() as i64 });
            message.string_table.push(name.clone().into_owned());
            message.location.push(Location { id, line: vec![Line { function_id: id }] });
            id
        })
    }

    /// The finished profile, as the consumers expect it.
    pub(crate) fn gzip(&self) -> io::Result<Vec<u8>> {
        let mut out = GzEncoder::new(Vec::new(), Compression::fast());
        out.write_all(&self.message.encode_to_vec())?;
        out.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_in_two_stacks_is_written_once() {
        let mut profile = Profile::new("inuse_space", "bytes");
        profile.push(["leak", "main"].map(Cow::from).into_iter(), 10);
        profile.push(["main"].map(Cow::from).into_iter(), 5);

        let message = &profile.message;
        assert_eq!(message.string_table, ["", "inuse_space", "bytes", "leak", "main"]);
        assert_eq!(message.function.len(), 2);
        assert_eq!(message.sample[0].location_id, [1, 2]);
        assert_eq!(message.sample[1].location_id, [2]);
    }
}
