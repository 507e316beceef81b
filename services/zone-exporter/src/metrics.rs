//! The names of what is shown, and who reads it. The gauges are made in `shown.rs`.

use prometheus::{
    IntCounter, IntCounterVec, Registry, register_int_counter_vec_with_registry,
    register_int_counter_with_registry,
};

use crate::finding::{Failure, Finding};

/// The serial.
pub const SERIAL: &str = "zone_serial";
/// Seconds since the serial was now; negative if it is of the future. Only of serials that are Unix
/// time. Read with both sides: `abs(zone_serial_age_seconds) < 3600`.
pub const SERIAL_AGE: &str = "zone_serial_age_seconds";
/// 1 for what the serial looks like: `unixtime`, `date`, `other`.
pub const SERIAL_FORMAT: &str = "zone_serial_format";
/// How far behind the newest of all servers of the zone, by RFC 1982: seconds, if it is Unix time.
pub const SERIAL_BEHIND: &str = "zone_serial_behind";
/// When the signature ends, by the type of the records below it. Read the smallest.
pub const RRSIG_EXPIRY: &str = "zone_rrsig_expiry_timestamp_seconds";
/// 1 if the SOA record is signed, 0 if it is not: then there are no expiries.
pub const SIGNED: &str = "zone_signed";
/// 1 if there was an answer, by transport.
pub const PROBE_SUCCESS: &str = "zone_probe_success";
/// 1 for the reason why there was none.
pub const PROBE_FAILURE: &str = "zone_probe_failure";
/// Failed probes by reason.
pub const FAILURES_TOTAL: &str = "zone_probe_failures_total";
/// Answers to questions that were not asked. Somebody tries to be the server; or a server answers
/// what it did not read.
pub const SPOOFED_TOTAL: &str = "zone_probe_spoofed_total";
/// The prober's clock, which ages are measured by. Its distance to Prometheus' clock:
/// `zone_prober_time_seconds - timestamp(zone_prober_time_seconds)`.
pub const PROBER_TIME: &str = "zone_prober_time_seconds";

/// As labels, in the order in which findings have them.
pub const TRANSPORTS: [&str; 2] = ["udp", "tcp"];

/// Counts probes that failed.
pub struct Failures {
    failed: IntCounterVec,
    spoofed: IntCounter,
}

impl Failures {
    /// Creates the counter.
    ///
    /// # Errors
    /// If `registry` already holds a metric of this name.
    pub fn register(registry: &Registry) -> Result<Self, prometheus::Error> {
        let help = "Failed probes by reason.";
        let labels = &["transport", "reason"];
        let failed =
            register_int_counter_vec_with_registry!(FAILURES_TOTAL, help, labels, registry)?;
        for transport in TRANSPORTS {
            for why in Failure::ALL {
                failed.with_label_values(&[transport, why.label()]);
            }
        }
        let help = "Answers to questions that were not asked.";
        let spoofed = register_int_counter_with_registry!(SPOOFED_TOTAL, help, registry)?;
        Ok(Self { failed, spoofed })
    }

    /// Counts those of a round.
    pub fn count(&self, findings: &[Finding]) {
        for finding in findings {
            self.spoofed.inc_by(finding.spoofed);
            for (transport, serial) in TRANSPORTS.into_iter().zip(&finding.serials) {
                if let Err(why) = serial {
                    self.failed.with_label_values(&[transport, why.label()]).inc();
                }
            }
        }
    }
}
