//! A pod template: what one pod runs. Only what a stage acts on is here; `not_applied.rs` lists
//! what it does not.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{IntOrString, Metadata};

/// `spec.template` of a workload.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct PodTemplate {
    /// Labels and annotations of the pods.
    #[serde(default)]
    pub metadata: Metadata,
    /// What a pod runs.
    pub spec: PodSpec,
}

/// What a pod runs.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct PodSpec {
    /// The processes of the pod; they share its address.
    pub containers: Vec<Container>,
    /// Whether a finished container is started again.
    #[serde(default)]
    pub restart_policy: RestartPolicy,
    /// Seconds between SIGTERM and SIGKILL.
    #[serde(default = "thirty")]
    pub termination_grace_period_seconds: u64,
    /// Volumes: only `emptyDir`, and that does nothing here, since a process writes where it likes.
    #[serde(default)]
    pub volumes: Vec<Volume>,
    /// What its `resolv.conf` says besides cluster DNS.
    #[serde(default)]
    pub dns_config: DnsConfig,
}

/// Additions to a pod's `resolv.conf`. Name servers of its own are not among them: they would lead
/// around cluster DNS, and around every fault in it.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct DnsConfig {
    /// Suffixes after those of the cluster.
    #[serde(default)]
    pub searches: Vec<String>,
    /// Options, in place of the stage's own of the same names.
    #[serde(default)]
    pub options: Vec<DnsOption>,
}

/// An option of `resolv.conf`, such as `ndots:1`.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct DnsOption {
    /// Before the colon.
    pub name: String,
    /// After it, if the option has a value.
    #[serde(default)]
    pub value: Option<String>,
}

/// A volume. Anything but `emptyDir` would need a mount, which a plain process cannot have.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Volume {
    /// Its name.
    pub name: String,
    /// An empty folder.
    pub empty_dir: serde_json::Map<String, serde_json::Value>,
}

/// When a finished container is started again.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
pub enum RestartPolicy {
    /// Whatever its exit code.
    #[default]
    Always,
    /// When the exit code is not 0.
    OnFailure,
    /// Never.
    Never,
}

/// One process of a pod.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Container {
    /// Its name within the pod.
    pub name: String,
    /// Pulled if its registry is on this stage; every other one is there. The program comes from
    /// `command` either way.
    #[serde(default)]
    pub image: Option<String>,
    /// When it is pulled.
    #[serde(default)]
    pub image_pull_policy: Option<PullPolicy>,
    /// The program. Its last path segment names a binary beside the stage's own.
    #[serde(default)]
    pub command: Vec<String>,
    /// Arguments after `command`.
    #[serde(default)]
    pub args: Vec<String>,
    /// Environment, in order; a later name wins.
    #[serde(default)]
    pub env: Vec<EnvVar>,
    /// Whole ConfigMaps as environment.
    #[serde(default)]
    pub env_from: Vec<EnvFrom>,
    /// Ports, so that Services and probes can name them.
    #[serde(default)]
    pub ports: Vec<ContainerPort>,
    /// Whether the pod may get traffic.
    #[serde(default)]
    pub readiness_probe: Option<Probe>,
    /// Whether the container is restarted.
    #[serde(default)]
    pub liveness_probe: Option<Probe>,
    /// What happens before its end.
    #[serde(default)]
    pub lifecycle: Lifecycle,
    /// The memory limit is enforced.
    #[serde(default)]
    pub resources: Resources,
    /// Mounts of `emptyDir` volumes; they do nothing here.
    #[serde(default)]
    pub volume_mounts: Vec<VolumeMount>,
}

/// When an image is pulled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
pub enum PullPolicy {
    /// Whenever a container starts; what is there already costs a question.
    Always,
    /// Unless one of this name is there.
    IfNotPresent,
    /// Not at all.
    Never,
}

/// What happens before the end of a container.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Lifecycle {
    /// Before SIGTERM.
    #[serde(default)]
    pub pre_stop: Option<PreStop>,
}

/// What happens before SIGTERM. Only a sleep: a plain process has no shell of its own to run a
/// command in.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct PreStop {
    /// Nothing, for a time.
    pub sleep: Sleep,
}

/// Nothing happens, for a time: as written, since requests do not run on the stage clock.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Sleep {
    /// How long.
    pub seconds: u64,
}

/// Where a volume appears.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct VolumeMount {
    /// The volume's name.
    pub name: String,
    /// The folder.
    pub mount_path: String,
}

/// One environment variable.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct EnvVar {
    /// The name.
    pub name: String,
    /// The value as written.
    #[serde(default)]
    pub value: Option<String>,
    /// Or where it comes from.
    #[serde(default)]
    pub value_from: Option<ValueFrom>,
}

/// Where the value of a variable comes from: exactly one of these.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum ValueFrom {
    /// A field of the pod.
    FieldRef(FieldRef),
    /// One key of a ConfigMap.
    ConfigMapKeyRef(KeyRef),
}

/// A field of the pod itself.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct FieldRef {
    /// `metadata.name`, `metadata.namespace`, `metadata.uid`, `metadata.labels['x']`,
    /// `metadata.annotations['x']`, `status.podIP`.
    pub field_path: String,
}

/// One key of a ConfigMap.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct KeyRef {
    /// The ConfigMap, in the pod's namespace.
    pub name: String,
    /// The key.
    pub key: String,
    /// Whether the pod starts without it.
    #[serde(default)]
    pub optional: bool,
}

/// A whole ConfigMap as environment.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct EnvFrom {
    /// The ConfigMap.
    pub config_map_ref: MapRef,
    /// Put before every key.
    #[serde(default)]
    pub prefix: String,
}

/// A ConfigMap by name.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct MapRef {
    /// The ConfigMap, in the pod's namespace.
    pub name: String,
    /// Whether the pod starts without it.
    #[serde(default)]
    pub optional: bool,
}

/// A port that a container listens on.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct ContainerPort {
    /// What Services and probes may call it.
    #[serde(default)]
    pub name: Option<String>,
    /// 1..=65535.
    pub container_port: u16,
    /// `TCP` or `UDP`.
    #[serde(default)]
    pub protocol: Protocol,
}

/// Transport of a port.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Protocol {
    /// TCP.
    #[default]
    Tcp,
    /// UDP.
    Udp,
}

/// A probe. Defaults are Kubernetes' own.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Probe {
    /// A GET that must answer 200..=399.
    #[serde(default)]
    pub http_get: Option<HttpGet>,
    /// A port that must accept a connection.
    #[serde(default)]
    pub tcp_socket: Option<TcpSocket>,
    /// Seconds before the first attempt.
    #[serde(default)]
    pub initial_delay_seconds: u32,
    /// Seconds between attempts.
    #[serde(default = "ten")]
    pub period_seconds: u32,
    /// Seconds one attempt may take.
    #[serde(default = "single")]
    pub timeout_seconds: u32,
    /// Successes in a row that make it good.
    #[serde(default = "single")]
    pub success_threshold: u32,
    /// Failures in a row that make it bad.
    #[serde(default = "three")]
    pub failure_threshold: u32,
}

/// Probe by HTTP GET.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct HttpGet {
    /// The path.
    #[serde(default = "slash")]
    pub path: String,
    /// Number or name of a container port.
    pub port: IntOrString,
}

/// Probe by opening a connection.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct TcpSocket {
    /// Number or name of a container port.
    pub port: IntOrString,
}

/// Resources of a container.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Resources {
    /// Upper bounds.
    #[serde(default)]
    pub limits: Limits,
}

/// Upper bounds of a container.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Above this resident size the container is killed (OOMKilled, exit code 137).
    #[serde(default)]
    pub memory: Option<IntOrString>,
    /// Under CPU stress the pod is confined to as many whole cores; at other times it is not
    /// limited on this stage.
    #[serde(default)]
    pub cpu: Option<IntOrString>,
}

fn thirty() -> u64 {
    30
}
fn ten() -> u32 {
    10
}
fn three() -> u32 {
    3
}
fn single() -> u32 {
    1
}
fn slash() -> String {
    "/".into()
}

impl Container {
    /// Sets variables, in place of those of the same names.
    pub(crate) fn set_env(&mut self, env: &BTreeMap<String, String>) {
        self.env.retain(|variable| !env.contains_key(&variable.name));
        self.env.extend(env.iter().map(|(name, value)| EnvVar {
            name: name.clone(),
            value: Some(value.clone()),
            value_from: None,
        }));
    }

    /// How long it goes on after its pod was asked to end.
    pub(crate) fn pre_stop(&self) -> Duration {
        Duration::from_secs(self.lifecycle.pre_stop.as_ref().map_or(0, |hook| hook.sleep.seconds))
    }

    /// The number of a port given by number or name.
    pub fn port(&self, port: &IntOrString) -> Option<u16> {
        match port {
            IntOrString::Int(number) => u16::try_from(*number).ok(),
            IntOrString::Text(name) => {
                self.ports.iter().find(|p| p.name.as_ref() == Some(name)).map(|p| p.container_port)
            }
        }
    }
}
