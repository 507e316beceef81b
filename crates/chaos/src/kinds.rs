//! The kinds of document: the only file that names them all.
//!
//! To add a kind of chaos: write its document, with its [`Chaos`](crate::kind::Chaos)
//! implementation, in a file of its own below `kinds/` and list it in [`SUPPORTED`]; add its variant
//! to [`Fault`](crate::fault::Fault); teach a stage to carry that out.

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

/// Kinds of `chaos-mesh.org/v1alpha1` that exist but cannot be played locally.
pub const ELSEWHERE: [&str; 15] = [
    "AWSChaos",
    "AzureChaos",
    "BlockChaos",
    "GCPChaos",
    "IOChaos",
    "JVMChaos",
    "KernelChaos",
    "PhysicalMachine",
    "PhysicalMachineChaos",
    "PodHttpChaos",
    "PodIOChaos",
    "PodNetworkChaos",
    "RemoteCluster",
    "TimeChaos",
    "WorkflowNode",
];

/// Payload keys of a Schedule that belong to kinds this crate cannot play, with those kinds.
const PAYLOADS_ELSEWHERE: [(&str, &str); 9] = [
    ("awsChaos", "AWSChaos"),
    ("azureChaos", "AzureChaos"),
    ("blockChaos", "BlockChaos"),
    ("gcpChaos", "GCPChaos"),
    ("ioChaos", "IOChaos"),
    ("jvmChaos", "JVMChaos"),
    ("kernelChaos", "KernelChaos"),
    ("physicalmachineChaos", "PhysicalMachineChaos"),
    ("timeChaos", "TimeChaos"),
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

/// Can Chaos Mesh repeat experiments of this kind, but this crate cannot play them?
pub(crate) fn is_elsewhere(kind: &str) -> bool {
    PAYLOADS_ELSEWHERE.iter().any(|(_, known)| *known == kind)
}

/// Is this the key of a payload, in a Schedule or in the template of a Workflow?
pub(crate) fn is_payload(key: &str) -> bool {
    key == WORKFLOW_KEY
        || PAYLOADS_ELSEWHERE.iter().any(|(known, _)| *known == key)
        || SUPPORTED.iter().any(|kind| kind.schedule_key == key)
}
