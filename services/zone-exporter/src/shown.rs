//! What was found, as metrics that exist only while there is something to say: a server that does
//! not answer has no serial, no age and no signature, rather than old ones.

use std::sync::{Arc, RwLock};
use std::time::{SystemTime, UNIX_EPOCH};

use prometheus::core::{Collector, Desc};
use prometheus::proto::MetricFamily;
use prometheus::{Gauge, GaugeVec, Opts, Registry, TextEncoder};

use crate::finding::{Finding, Format, Latest, Signed, newest};
use crate::metrics::{
    PROBE_FAILURE, PROBE_SUCCESS, PROBER_TIME, RRSIG_EXPIRY, SERIAL, SERIAL_AGE, SERIAL_BEHIND,
    SERIAL_FORMAT, SIGNED, TRANSPORTS,
};

/// Shows the latest findings at each scrape.
pub struct Findings {
    latest: Latest,
    descriptions: Vec<Desc>,
}

/// Findings in Prometheus' text format.
///
/// # Errors
/// A mistake in the names.
pub fn text(findings: Vec<Finding>) -> Result<String, prometheus::Error> {
    let registry = Registry::new();
    registry.register(Box::new(Findings::new(Arc::new(RwLock::new(findings)))?))?;
    TextEncoder::new().encode_to_string(&registry.gather())
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
