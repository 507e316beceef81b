//! Chaos on this stage's pods. It stands above pods and network, which know nothing of it.
//!
//! Two sides meet here. The engine (crate `chaos`) decides when and whom; `injector` starts it and
//! passes on what it decides, and `probe` asks what its StatusChecks want to know. On the stage's
//! side, [`Faults`] takes one fault for one target at a time and has it carried out: by signals, by
//! a resolver and a proxy that lie (`traffic`), or by processes that take a pod's resources
//! (`stress`).

mod faults;
mod injector;
mod probe;
mod stress;
mod traffic;

pub(crate) use faults::Faults;
pub(crate) use injector::start_engine;
