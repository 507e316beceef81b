//! The blocks of a NetworkChaos: one for each way to ill-treat a packet. Percentages are texts.

use serde::{Deserialize, Serialize};

/// Packets wait.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Delay {
    /// On average: one number with one unit.
    pub latency: String,
    /// More or less than that.
    #[serde(default)]
    pub jitter: String,
    /// How much a delay depends on the one before, in percent (refused on this stage unless 0).
    #[serde(default)]
    pub correlation: String,
    /// Some overtake others (refused on this stage).
    pub reorder: Option<Reorder>,
}

/// Some packets overtake others.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reorder {
    /// Share in percent.
    pub reorder: String,
    /// Dependence on the one before, in percent.
    #[serde(default)]
    pub correlation: String,
    /// Every so many.
    pub gap: i64,
}

/// Packets get lost.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Loss {
    /// Share in percent.
    pub loss: String,
    /// Dependence on the one before, in percent (refused on this stage unless 0).
    #[serde(default)]
    pub correlation: String,
}

/// Packets arrive twice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Duplicate {
    /// Share in percent.
    pub duplicate: String,
    /// Dependence on the one before, in percent.
    #[serde(default)]
    pub correlation: String,
}

/// Bits of packets flip.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Corrupt {
    /// Share in percent.
    pub corrupt: String,
    /// Dependence on the one before, in percent.
    #[serde(default)]
    pub correlation: String,
}

/// Packets are slowed down to a rate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rate {
    /// `1mbps` is a mebibyte, `1mbit` a million bits per second.
    pub rate: String,
}

/// Packets pass a bucket of tokens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bandwidth {
    /// `1mbps` is a mebibyte, `1mbit` a million bits per second.
    pub rate: String,
    /// Bytes that may wait, 1 to 4294967295.
    pub limit: i64,
    /// Bytes that may pass at once, 1 to 4294967295.
    pub buffer: i64,
    /// Rate at which the bucket empties (refused on this stage).
    pub peakrate: Option<i64>,
    /// Bytes that may pass at the peak rate (refused on this stage).
    pub minburst: Option<i64>,
}
