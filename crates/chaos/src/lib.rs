//! Chaos Mesh documents, their rules, and an engine that plays them without a cluster.
//!
//! The files that `kubectl apply` takes are played here with the same life cycle, events and
//! quirks, on whatever pods a stage offers. Read in this order; the README has a finer index:
//!
//! 1. [`target`] and [`fault`]: whom chaos hits, and what it does to them. [`injector`] is the seam
//!    to a stage, which does it.
//! 2. [`kind`]: what one kind of chaos has to say about itself; [`kinds`] lists them all.
//! 3. [`document`]: YAML in, checked documents out: an [`experiment`], a [`schedule`] that repeats
//!    it, or a [`workflow`] that strings several together. The rules of single fields are in
//!    [`fields`].
//! 4. [`snapshot`]: what can be seen of chaos, here and in a cluster; [`dry_run`]: what a document
//!    would do.
//! 5. [`engine`]: the life cycle, and a journal by which a crash is survived.
//! 6. [`render`]: what the command line prints.
//!
//! ```
//! let text = "{apiVersion: chaos-mesh.org/v1alpha1, kind: PodChaos, metadata: {name: x},
//!              spec: {action: pod-kill, mode: some, selector: {}}}";
//! let error = chaos::document::parse("x.yaml", text).unwrap_err();
//! let wrong = "x.yaml: document 1: spec.mode: unknown variant `some`, expected one of";
//! assert!(error.to_string().starts_with(wrong));
//! ```

pub mod document;
pub mod dry_run;
pub mod engine;
pub mod experiment;
pub mod fault;
pub mod fields;
pub mod injector;
pub mod kind;
pub mod kinds;
pub mod render;
pub mod schedule;
pub mod snapshot;
pub mod target;
pub mod workflow;

/// The examples of the README are compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
