//! What must hold of ServiceMonitors and Probes before anything of an `apply` happens.

use super::blackbox::MODULE;
use crate::manifest::{
    BlackBoxProbe, IntOrString, ManifestError, ServiceMonitor, Source, Target, prometheus_duration,
};

type Checked = Result<(), ManifestError>;

/// Checks what the stage's prober is asked to do.
pub(super) fn probe(probe: &BlackBoxProbe, source: &Source) -> Checked {
    let spec = &probe.spec;
    if spec.module != MODULE {
        let reason = format!("`{}` is not a module of this stage's prober", spec.module);
        return Err(ManifestError::field(source, "spec.module", reason, "write http_2xx"));
    }
    let interval = spec.interval.as_deref();
    if interval.is_some_and(|text| prometheus_duration(text).is_none()) {
        return Err(ManifestError::field(
            source,
            "spec.interval",
            "is not a duration",
            "write 15s",
        ));
    }
    let urls = &spec.targets.static_config.urls;
    if let Some(index) = urls.iter().position(|url| Target::parse(url).is_none()) {
        let field = format!("spec.targets.staticConfig.static[{index}]");
        let reason = format!("`{}` is not an http:// URL", urls[index]);
        return Err(ManifestError::field(source, &field, reason, "write http://web.demo:8000/"));
    }
    Ok(())
}

/// Checks what Prometheus is asked to scrape.
pub(super) fn monitor(monitor: &ServiceMonitor, source: &Source) -> Checked {
    for (index, endpoint) in monitor.spec.endpoints.iter().enumerate() {
        let at = format!("spec.endpoints[{index}]");
        if endpoint.port.is_some() == endpoint.target_port.is_some() {
            return Err(ManifestError::field(
                source,
                &at,
                "needs either `port` or `targetPort`",
                "name the Service's port",
            ));
        }
        if endpoint.interval.as_deref().is_some_and(|text| prometheus_duration(text).is_none()) {
            return Err(ManifestError::field(
                source,
                &format!("{at}.interval"),
                "is not a duration",
                "write 15s",
            ));
        }
        if let Some(IntOrString::Int(port)) = &endpoint.target_port
            && u16::try_from(*port).is_err()
        {
            return Err(ManifestError::field(
                source,
                &format!("{at}.targetPort"),
                "is not a port",
                "write 1 to 65535",
            ));
        }
    }
    Ok(())
}
