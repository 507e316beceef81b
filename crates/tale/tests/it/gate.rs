//! `tale gate` as a pipeline runs it: against nobody, against a Prometheus that misbehaves, and
//! against a real one.

mod arguments;
mod dying;
mod fake;
mod files;
mod history;
mod misbehaving;
mod real;
mod real_judged;
mod real_keptn;
mod sparkline;
mod unreachable;

use testkit::program::Ended;

use fake::{Fake, Reply, evidence};
use files::{Files, answers};

/// Runs `tale gate` in the project's folder.
async fn gate(args: &[&str]) -> Ended {
    crate::tale(&[&["gate"], args].concat()).await
}
