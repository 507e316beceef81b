//! `fault_active{fault}`: every bug that is switched on says so, on every graph.
//!
//! A demonstration in which nobody can tell whether the bug is on proves nothing. The switch sets
//! this gauge, so that the fault's window lies next to the symptom in the same database.

use prometheus::{IntGaugeVec, Registry, register_int_gauge_vec_with_registry};

/// 1 while a known bug is switched on, 0 while it is not.
pub const FAULT_ACTIVE: &str = "fault_active";

/// The bugs this service is known to have.
#[derive(Clone)]
pub struct Faults(IntGaugeVec);

impl Faults {
    /// Creates the gauge and registers it.
    ///
    /// # Errors
    /// If `registry` already holds a metric of this name.
    pub fn register(registry: &Registry) -> Result<Self, prometheus::Error> {
        let help = "1 while this known bug is switched on.";
        register_int_gauge_vec_with_registry!(FAULT_ACTIVE, help, &["fault"], registry).map(Self)
    }

    /// Declares a bug, switched off, so that its series exists from the start.
    pub fn declare(&self, fault: &'static str) {
        self.set(fault, false);
    }

    /// Records that a bug was switched on or off.
    pub fn set(&self, fault: &'static str, on: bool) {
        self.0.with_label_values(&[fault]).set(i64::from(on));
    }
}
