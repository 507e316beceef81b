//! Chaos on this stage's pods: what is done to them and when it ends.
//!
//! Stands above pods and network, which know nothing of it. [`Faults`] takes one fault for one
//! target at a time and has it carried out: by signals, by a resolver and a proxy that lie, or by
//! `stress`, processes that take a pod's resources.

mod faults;
mod stress;
mod traffic;

pub(crate) use faults::{FaultChange, Faults};
