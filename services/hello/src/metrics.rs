//! What `hello` counts, and the trap in it: a label that users write.

use std::collections::HashSet;
use std::sync::Mutex;

use prometheus::{IntCounterVec, Registry, register_int_counter_vec_with_registry};

/// Greetings, by name. Read by the talk's first query: `topk(3, name_counter)`.
pub const NAME_COUNTER: &str = "name_counter";

/// The name under which all names beyond the limit are counted.
pub const OTHER: &str = "other";

/// No name gets a series of its own beyond this many bytes.
const LONGEST: usize = 64;

/// Each value of a label is a series of its own, kept in memory here and in Prometheus for as long
/// as both run. Users can make up names faster than anybody can buy memory, so only the first ones
/// get a series.
pub struct Metrics {
    names: IntCounterVec,
    known: Mutex<HashSet<String>>,
    max: usize,
}

impl Metrics {
    /// Creates the counter, for at most `max` names.
    ///
    /// # Errors
    /// If `registry` already holds a metric of this name.
    pub fn register(registry: &Registry, max: usize) -> Result<Self, prometheus::Error> {
        let help = "Greetings, by name.";
        let names =
            register_int_counter_vec_with_registry!(NAME_COUNTER, help, &["name"], registry)?;
        names.with_label_values(&[OTHER]); // its series exists from the start, at 0
        Ok(Self { names, known: Mutex::default(), max })
    }

    /// Counts one greeting.
    pub fn greeted(&self, name: &str) {
        let name = if self.gets_series(name) { name } else { OTHER };
        self.names.with_label_values(&[name]).inc();
    }

    /// Whether this name has a series, or can still get one.
    fn gets_series(&self, name: &str) -> bool {
        if name.len() > LONGEST {
            return false;
        }
        let mut known = self.known.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        known.contains(name) || (known.len() < self.max && known.insert(name.to_owned()))
    }
}
