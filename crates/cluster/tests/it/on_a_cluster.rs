//! The stories on a real cluster: the one of the kubeconfig that `TALES_CLUSTER` names, on whose
//! nodes the image lies already. The programs are those of the folder `TALES_PROGRAMS`, or those
//! that `./tale` has built.
//!
//! One after the other: they share the namespace `default`.

mod harness;
mod left_behind;
mod names;
mod overlays;
mod rights;
mod stage_in_a_pod;
mod stories;
mod their_monitoring;
mod workshop;
