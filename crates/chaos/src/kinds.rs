//! The kinds of document: the only file that names them all.
//!
//! To add a kind of chaos, write its document and its [`Chaos`](crate::kind::Chaos) implementation
//! in a file of its own below `kinds/`. Three edits remain: its line in [`SUPPORTED`], its variant
//! in [`Fault`](crate::fault::Fault), and the mechanism of the stage that carries it out.

pub mod dns;
pub mod http;
pub mod network;
pub mod pod;
pub mod stress;

use crate::kind::Kind;

/// The kinds of chaos this crate can play.
pub static SUPPORTED: &[&Kind] =
    &[&dns::KIND, &http::KIND, &network::KIND, &pod::KIND, &stress::KIND];

/// Experiments made again and again: see [`crate::schedule`].
pub const SCHEDULE: &str = "Schedule";

/// Experiments in an order: see [`crate::workflow`].
pub const WORKFLOW: &str = "Workflow";

/// The key of a Workflow in a Schedule.
pub(crate) const WORKFLOW_KEY: &str = "workflow";

/// A question asked again and again: see [`crate::workflow::status_check`].
pub const STATUS_CHECK: &str = "StatusCheck";

/// Kinds of `chaos-mesh.org/v1alpha1` that this crate cannot play, with the key of their payload in
/// a Schedule if it can repeat them.
const ELSEWHERE: [(&str, Option<&str>); 15] = [
    ("AWSChaos", Some("awsChaos")),
    ("AzureChaos", Some("azureChaos")),
    ("BlockChaos", Some("blockChaos")),
    ("GCPChaos", Some("gcpChaos")),
    ("IOChaos", Some("ioChaos")),
    ("JVMChaos", Some("jvmChaos")),
    ("KernelChaos", Some("kernelChaos")),
    ("PhysicalMachine", None),
    ("PhysicalMachineChaos", Some("physicalmachineChaos")),
    ("PodHttpChaos", None),
    ("PodIOChaos", None),
    ("PodNetworkChaos", None),
    ("RemoteCluster", None),
    ("TimeChaos", Some("timeChaos")),
    ("WorkflowNode", None),
];

/// Finds a kind of chaos by its name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Kind> {
    SUPPORTED.iter().copied().find(|kind| kind.name == name)
}

/// The names of the kinds of chaos, for messages.
pub(crate) fn names() -> String {
    let names: Vec<&str> = SUPPORTED.iter().map(|kind| kind.name).collect();
    names.join(", ")
}

/// Can objects of this kind be played here?
pub(crate) fn is_played(kind: &str) -> bool {
    [SCHEDULE, WORKFLOW, STATUS_CHECK].contains(&kind) || find(kind).is_some()
}

/// Does Chaos Mesh have this kind?
pub(crate) fn is_known(kind: &str) -> bool {
    is_played(kind) || is_elsewhere(kind)
}

/// The kind that is spelt alike, but for capital letters: `IoChaos` was its name in Chaos Mesh 1.x.
pub(crate) fn in_other_letters(kind: &str) -> Option<&'static str> {
    let others = ELSEWHERE.iter().map(|(name, _)| *name);
    let own = [SCHEDULE, WORKFLOW, STATUS_CHECK].into_iter();
    let mut all = SUPPORTED.iter().map(|kind| kind.name).chain(own).chain(others);
    all.find(|name| name.eq_ignore_ascii_case(kind))
}

/// The key of the payload of a kind that this crate cannot play.
pub(crate) fn payload_elsewhere(kind: &str) -> Option<&'static str> {
    ELSEWHERE.iter().find(|(name, _)| *name == kind)?.1
}

/// Does Chaos Mesh have this kind, while this crate cannot play it?
#[must_use]
pub fn is_elsewhere(kind: &str) -> bool {
    ELSEWHERE.iter().any(|(name, _)| *name == kind)
}

/// Can a Schedule of Chaos Mesh repeat this kind, while this crate cannot play it?
pub(crate) fn is_repeated_elsewhere(kind: &str) -> bool {
    ELSEWHERE.iter().any(|(name, key)| *name == kind && key.is_some())
}

/// Is this the key of a payload, in a Schedule or in the template of a Workflow?
pub(crate) fn is_payload(key: &str) -> bool {
    key == WORKFLOW_KEY
        || ELSEWHERE.iter().any(|(_, payload)| *payload == Some(key))
        || SUPPORTED.iter().any(|kind| kind.schedule_key == key)
}
