//! The golden signals of DNS: traffic and errors by type and rcode, latency, saturation.

use std::time::Duration;

use domain::base::Rtype;
use domain::base::iana::Rcode;
use prometheus::{
    HistogramVec, IntCounterVec, IntGauge, Registry, register_histogram_vec_with_registry,
    register_int_counter_vec_with_registry, register_int_gauge_with_registry,
};

use crate::labels;
use crate::refused::Refused;

/// Queries answered. Read by every objective on availability, and misread when `NOERROR` is taken
/// for "all is well": an expired signature is served with it, too.
pub const QUERIES_TOTAL: &str = "nameserver_queries_total";
/// From packet to answer, without the network.
pub const QUERY_DURATION_SECONDS: &str = "nameserver_query_duration_seconds";
/// What was not answered, or refused, by reason.
pub const REFUSED_TOTAL: &str = "nameserver_refused_total";
/// Open TCP connections; the next beyond the limit is closed.
pub const TCP_CONNECTIONS_OPEN: &str = "nameserver_tcp_connections_open";
/// Zone transfers, by direction, kind and result.
pub const TRANSFERS_TOTAL: &str = "nameserver_transfers_total";
/// Notifications, by direction and result.
pub const NOTIFIES_TOTAL: &str = "nameserver_notifies_total";
/// Runs of the signer by result. Read beside the two times below.
pub const SIGNER_RUNS_TOTAL: &str = "signer_runs_total";
/// When the signer last tried.
pub const SIGNER_LAST_ATTEMPT: &str = "signer_last_attempt_timestamp_seconds";
/// When it last succeeded. The two apart are a signer that fails, whatever else looks well.
pub const SIGNER_LAST_SUCCESS: &str = "signer_last_success_timestamp_seconds";

/// The serial that is served; 0 while nothing is.
pub const ZONE_SERIAL: &str = "nameserver_zone_serial";
/// When the first signature of the zone ends; 0 without any.
pub const ZONE_EXPIRY: &str = "nameserver_zone_rrsig_expiry_timestamp_seconds";
/// When the primary last confirmed the copy: at SOA expire after it, the copy is no longer served.
pub const ZONE_CONFIRMED: &str = "nameserver_zone_confirmed_timestamp_seconds";

/// Handles to the metrics.
#[derive(Clone)]
pub struct Metrics {
    queries: IntCounterVec,
    durations: HistogramVec,
    refused: IntCounterVec,
    /// Open TCP connections.
    pub connections: IntGauge,
    transfers: IntCounterVec,
    notifies: IntCounterVec,
    signer_runs: IntCounterVec,
    signer_attempt: IntGauge,
    signer_success: IntGauge,
    serial: IntGauge,
    expiry: IntGauge,
    confirmed: IntGauge,
}

impl Metrics {
    /// Creates the metrics.
    ///
    /// # Errors
    /// If `registry` already holds a metric of one of these names.
    pub fn register(registry: &Registry) -> Result<Self, prometheus::Error> {
        let counter = |name: &str, help: &str, labels: &[&str]| {
            register_int_counter_vec_with_registry!(name, help, labels, registry)
        };
        let gauge =
            |name: &str, help: &str| register_int_gauge_with_registry!(name, help, registry);
        let buckets: Vec<f64> = (0..14).map(|power| 10e-6 * f64::from(1 << power)).collect();
        let help = "Seconds from packet to answer.";
        let metrics = Self {
            queries: counter(QUERIES_TOTAL, "Queries answered.", &["transport", "type", "rcode"])?,
            durations: register_histogram_vec_with_registry!(
                QUERY_DURATION_SECONDS,
                help,
                &["transport"],
                buckets,
                registry
            )?,
            refused: counter(REFUSED_TOTAL, "Messages dropped or refused.", &["reason"])?,
            connections: gauge(TCP_CONNECTIONS_OPEN, "Open TCP connections.")?,
            transfers: counter(
                TRANSFERS_TOTAL,
                "Zone transfers.",
                &["direction", "kind", "result"],
            )?,
            notifies: counter(NOTIFIES_TOTAL, "Notifications.", &["direction", "result"])?,
            signer_runs: counter(SIGNER_RUNS_TOTAL, "Runs of the signer.", &["result"])?,
            signer_attempt: gauge(SIGNER_LAST_ATTEMPT, "Unix time of the signer's last run.")?,
            signer_success: gauge(SIGNER_LAST_SUCCESS, "Unix time of its last success.")?,
            serial: gauge(ZONE_SERIAL, "Serial of the zone that is served.")?,
            expiry: gauge(ZONE_EXPIRY, "Unix time when its first signature ends.")?,
            confirmed: gauge(ZONE_CONFIRMED, "Unix time when the primary last confirmed it.")?,
        };
        metrics.begin_at_zero();
        Ok(metrics)
    }

    fn begin_at_zero(&self) {
        for transport in ["udp", "tcp"] {
            self.durations.with_label_values(&[transport]);
            for rtype in ["A", "SOA"] {
                for rcode in ["NOERROR", "SERVFAIL"] {
                    self.queries.with_label_values(&[transport, rtype, rcode]);
                }
            }
        }
        for why in Refused::ALL {
            self.refused.with_label_values(&[why.label()]);
        }
        for direction in ["in", "out"] {
            for result in ["ok", "failed"] {
                self.notifies.with_label_values(&[direction, result]);
                for kind in ["axfr", "ixfr"] {
                    self.transfers.with_label_values(&[direction, kind, result]);
                }
            }
        }
        for result in ["ok", "failed"] {
            self.signer_runs.with_label_values(&[result]);
        }
    }

    /// Counts an answer.
    pub fn answered(&self, transport: &str, rtype: Option<Rtype>, rcode: Rcode, took: Duration) {
        let labels = [transport, labels::of_type(rtype), labels::of_rcode(rcode)];
        self.queries.with_label_values(&labels).inc();
        self.durations.with_label_values(&[transport]).observe(took.as_secs_f64());
    }

    /// Counts what was refused or dropped.
    pub fn refused(&self, why: Refused) {
        self.refused.with_label_values(&[why.label()]).inc();
    }

    /// Counts a transfer, and how it ended.
    pub fn transferred(&self, direction: &str, kind: &str, ok: Result<(), ()>) {
        self.transfers.with_label_values(&[direction, kind, result(ok)]).inc();
    }

    /// Counts a notification, and how it ended.
    pub fn notified(&self, direction: &str, ok: Result<(), ()>) {
        self.notifies.with_label_values(&[direction, result(ok)]).inc();
    }

    /// Counts a run of the signer.
    pub fn signed(&self, now: u32, ok: Result<(), ()>) {
        self.signer_runs.with_label_values(&[result(ok)]).inc();
        self.signer_attempt.set(now.into());
        if ok.is_ok() {
            self.signer_success.set(now.into());
        }
    }

    /// Another version is served; 0 and 0 for none.
    pub fn published(&self, serial: u32, expiry: u32) {
        self.serial.set(serial.into());
        self.expiry.set(expiry.into());
    }

    /// The primary has confirmed the copy, at this Unix time.
    pub fn confirmed(&self, now: u32) {
        self.confirmed.set(now.into());
    }
}

fn result(ok: Result<(), ()>) -> &'static str {
    if ok.is_ok() { "ok" } else { "failed" }
}
