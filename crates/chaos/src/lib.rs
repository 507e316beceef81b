//! Chaos Mesh documents, their rules, and an engine that plays them without a cluster.
//!
//! The files that `kubectl apply` takes are played here with the same life cycle, events and
//! quirks, on whatever pods a stage offers. Read in this order:
//!
//! 1. [`document`]: YAML in, checked experiments out. The rules of each field have a file of their
//!    own: [`duration`], [`cron`], [`patterns`], [`selector`], [`mode`]; what is allowed but hardly
//!    meant is in [`lint`].
//! 2. [`kind`]: what one kind of chaos has to say about itself. [`dns_chaos`], [`http_chaos`],
//!    [`network_chaos`], [`pod_chaos`] and [`stress_chaos`] say it; a new kind is one more such
//!    file and one line in [`kind::SUPPORTED`]. [`schedule`] repeats any of them, [`workflow`]
//!    strings them together, and [`status_check`] watches meanwhile.
//! 3. [`injector`]: the seam to a stage, which carries out a [`fault`] or a [`probe`].
//! 4. [`engine`]: the life cycle, and [`journal`], by which a crash is survived.
//! 5. [`render`]: what the command line prints.
//!
//! ```
//! let text = "{apiVersion: chaos-mesh.org/v1alpha1, kind: PodChaos, metadata: {name: x},
//!              spec: {action: pod-kill, mode: some, selector: {}}}";
//! let error = chaos::document::parse("x.yaml", text).unwrap_err();
//! assert!(error.to_string().starts_with("x.yaml: document 1: spec.mode: unknown variant `some`, expected one of"));
//! ```

pub mod cron;
pub mod dns_chaos;
pub mod document;
pub mod duration;
pub mod engine;
pub mod fault;
pub mod http_chaos;
pub mod injector;
pub mod journal;
pub mod kind;
pub mod lint;
pub mod mode;
pub mod network_chaos;
pub mod patterns;
pub mod pod_chaos;
pub mod probe;
pub mod problem;
pub mod render;
pub mod schedule;
pub mod selector;
pub mod status_check;
pub mod stress_chaos;
pub mod workflow;
