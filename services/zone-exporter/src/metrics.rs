//! What was found, as metrics that exist only while there is something to say: a server that does
//! not answer has no serial, no age and no signature, rather than old ones.

use std::time::{SystemTime, UNIX_EPOCH};

use prometheus::core::{Collector, Desc};
use prometheus::proto::MetricFamily;
use prometheus::{
    Gauge, GaugeVec, IntCounterVec, Opts, Registry, register_int_counter_vec_with_registry,
};

use crate::finding::{Failure, Finding, Format, Latest, Signed, newest};

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
/// The prober's clock, which ages are measured by. Its distance to Prometheus' clock:
/// `zone_prober_time_seconds - timestamp(zone_prober_time_seconds)`.
pub const PROBER_TIME: &str = "zone_prober_time_seconds";

const TRANSPORTS: [&str; 2] = ["udp", "tcp"];

/// Shows the latest findings at each scrape.
pub struct Findings {
    latest: Latest,
    descriptions: Vec<Desc>,
}

/// The gauges of one scrape.
struct Gauges {
    serial: GaugeVec,
    age: GaugeVec,
    format: GaugeVec,
    behind: GaugeVec,
    expiry: GaugeVec,
    signed: GaugeVec,
    success: GaugeVec,
    failure: GaugeVec,
    time: Gauge,
}

impl Gauges {
    fn new() -> Result<Self, prometheus::Error> {
        let vec = |name: &str, help: &str, more: &[&str]| {
            GaugeVec::new(Opts::new(name, help), &[&["zone", "server"], more].concat())
        };
        Ok(Self {
            serial: vec(SERIAL, "Serial of the zone's SOA record.", &[])?,
            age: vec(SERIAL_AGE, "Seconds since a serial that is Unix time was now.", &[])?,
            format: vec(SERIAL_FORMAT, "1 for what the serial looks like.", &["format"])?,
            behind: vec(SERIAL_BEHIND, "Distance to the newest serial of all servers.", &[])?,
            expiry: vec(RRSIG_EXPIRY, "Unix time when the signature ends.", &["rrtype"])?,
            signed: vec(SIGNED, "1 if the SOA record is signed.", &[])?,
            success: vec(PROBE_SUCCESS, "1 if there was an answer.", &["transport"])?,
            failure: vec(PROBE_FAILURE, "1 for why there was none.", &["transport", "reason"])?,
            time: Gauge::new(PROBER_TIME, "Unix time by the prober's clock.")?,
        })
    }

    fn collectors(&self) -> [&dyn Collector; 9] {
        [
            &self.serial,
            &self.age,
            &self.format,
            &self.behind,
            &self.expiry,
            &self.signed,
            &self.success,
            &self.failure,
            &self.time,
        ]
    }

    fn set(&self, finding: &Finding, newest: u32) {
        let of = [finding.zone.as_str(), finding.server.as_str()];
        let set = |gauge: &GaugeVec, more: &[&str], value: f64| {
            gauge.with_label_values(&[&of, more].concat()).set(value);
        };
        for (transport, serial) in TRANSPORTS.into_iter().zip(&finding.serials) {
            set(&self.success, &[transport], f64::from(u8::from(serial.is_ok())));
            if let Err(why) = serial {
                set(&self.failure, &[transport, why.label()], 1.0);
            }
        }
        if let Some(serial) = finding.serial() {
            set(&self.serial, &[], serial.into());
            set(&self.behind, &[], newest.wrapping_sub(serial).into());
            let format = Format::of(serial, finding.at);
            for one in Format::ALL {
                set(&self.format, &[one.label()], f64::from(u8::from(one == format)));
            }
        }
        if let Some(age) = finding.age() {
            set(&self.age, &[], age as f64);
        }
        if let Some(signed) = finding.signed {
            set(&self.signed, &[], f64::from(u8::from(signed == Signed::Yes)));
        }
        for (rtype, expiry) in &finding.expiries {
            set(&self.expiry, &[&rtype.to_string()], (*expiry).into());
        }
    }
}

impl Findings {
    /// Shows what `latest` holds.
    ///
    /// # Errors
    /// A mistake in the names.
    pub fn new(latest: Latest) -> Result<Self, prometheus::Error> {
        let gauges = Gauges::new()?;
        let descriptions = gauges.collectors().into_iter().flat_map(Collector::desc).cloned();
        Ok(Self { latest, descriptions: descriptions.collect() })
    }
}

impl Collector for Findings {
    fn desc(&self) -> Vec<&Desc> {
        self.descriptions.iter().collect()
    }

    fn collect(&self) -> Vec<MetricFamily> {
        let Ok(gauges) = Gauges::new() else { return Vec::new() };
        let findings = self.latest.read().unwrap_or_else(|poisoned| poisoned.into_inner());
        let newest = newest(&findings);
        for finding in findings.iter() {
            gauges.set(finding, newest.get(finding.zone.as_str()).copied().unwrap_or_default());
        }
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        gauges.time.set(now.as_secs_f64());
        let families = gauges.collectors().into_iter().flat_map(Collector::collect);
        families.filter(|family| !family.get_metric().is_empty()).collect()
    }
}

/// Counts probes that failed.
pub struct Failures(IntCounterVec);

impl Failures {
    /// Creates the counter.
    ///
    /// # Errors
    /// If `registry` already holds a metric of this name.
    pub fn register(registry: &Registry) -> Result<Self, prometheus::Error> {
        let help = "Failed probes by reason.";
        let labels = &["transport", "reason"];
        let counter =
            register_int_counter_vec_with_registry!(FAILURES_TOTAL, help, labels, registry)?;
        for transport in TRANSPORTS {
            for why in Failure::ALL {
                counter.with_label_values(&[transport, why.label()]);
            }
        }
        Ok(Self(counter))
    }

    /// Counts those of a round.
    pub fn count(&self, findings: &[Finding]) {
        for finding in findings {
            for (transport, serial) in TRANSPORTS.into_iter().zip(&finding.serials) {
                if let Err(why) = serial {
                    self.0.with_label_values(&[transport, why.label()]).inc();
                }
            }
        }
    }
}
