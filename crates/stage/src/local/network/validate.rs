//! What must hold of Services before anything of an `apply` happens.

use crate::manifest::{ManifestError, Service, Source};

/// Checks one Service.
pub(super) fn service(service: &Service, source: &Source) -> Result<(), ManifestError> {
    if let Some(ip) = service.spec.cluster_ip.as_ref().filter(|ip| *ip != "None") {
        let reason = format!("`{ip}` cannot be chosen: the stage assigns addresses");
        return Err(ManifestError::field(
            source,
            "spec.clusterIP",
            reason,
            "remove it, or write None for headless",
        ));
    }
    for (index, port) in service.spec.ports.iter().enumerate() {
        let earlier = &service.spec.ports[..index];
        if earlier.iter().any(|other| other.port == port.port && other.protocol == port.protocol) {
            let field = format!("spec.ports[{index}].port");
            let reason = format!("{} is listed twice", port.port);
            return Err(ManifestError::field(
                source,
                &field,
                reason,
                "give each port its own number",
            ));
        }
    }
    Ok(())
}
