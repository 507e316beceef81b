//! The `spec` of a NetworkChaos, as written: whom it is about, then one block for each thing
//! that can happen to packets. Percentages are texts.

use serde::{Deserialize, Serialize};

use crate::fields::mode::Mode;
use crate::fields::selector::Selector;

/// The `spec` of a NetworkChaos.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NetworkChaos {
    /// What happens to packets.
    pub action: NetworkAction,
    /// Which pods.
    pub selector: Selector,
    /// How many of them.
    pub mode: Mode,
    /// The parameter of the mode.
    #[serde(default)]
    pub value: String,
    /// How long, from the creation of the object.
    pub duration: Option<String>,
    /// Whose packets are shaped.
    #[serde(default)]
    pub direction: Direction,
    /// The pods at the other end; none means everybody.
    pub target: Option<OtherPods>,
    /// Addresses, names or CIDR blocks at the other end.
    #[serde(default)]
    pub external_targets: Vec<String>,
    /// Packets wait.
    pub delay: Option<Delay>,
    /// Packets get lost.
    pub loss: Option<Loss>,
    /// Packets arrive twice (refused on this stage).
    pub duplicate: Option<Duplicate>,
    /// Bits flip (refused on this stage).
    pub corrupt: Option<Corrupt>,
    /// Bytes per second that get through.
    pub rate: Option<Rate>,
    /// Bytes per second that get through, for action `bandwidth`.
    pub bandwidth: Option<Bandwidth>,
    /// Network device of the pods (refused on this stage).
    #[serde(default)]
    pub device: String,
    /// Network device of the targets (refused on this stage).
    #[serde(default)]
    pub target_device: String,
    /// Another cluster (refused on this stage).
    pub remote_cluster: Option<String>,
}

/// What happens to packets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NetworkAction {
    /// What the blocks say.
    Netem,
    /// They wait, and what the other blocks say.
    Delay,
    /// They get lost, and what the other blocks say.
    Loss,
    /// They arrive twice, and what the other blocks say.
    Duplicate,
    /// Their bits flip, and what the other blocks say.
    Corrupt,
    /// They vanish.
    Partition,
    /// They are slowed down to a rate.
    Bandwidth,
}

/// Whose packets are shaped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Direction {
    /// Those that the selected pods send.
    #[default]
    To,
    /// Those that the targets send to the selected pods.
    From,
    /// Both.
    Both,
}

/// The pods at the other end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OtherPods {
    /// Which pods.
    pub selector: Selector,
    /// How many of them.
    pub mode: Mode,
    /// The parameter of the mode.
    #[serde(default)]
    pub value: String,
}

/// Packets wait.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Delay {
    /// On average: one number with one unit.
    pub latency: String,
    /// More or less than that.
    #[serde(default)]
    pub jitter: String,
    /// How much a delay depends on the one before, in percent; means nothing without jitter.
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
    /// Dependence on the one before, in percent.
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
