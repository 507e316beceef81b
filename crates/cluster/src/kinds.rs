//! The kinds of objects that a stage brings, in the order in which they are applied, and where the
//! API server keeps them.
//!
//! What makes pods comes after what pods need; what watches comes after what it is to watch, so
//! that it starts with everything in its configuration.

/// One kind of object.
#[derive(Debug, PartialEq, Eq)]
pub struct Kind {
    /// `Deployment`.
    pub kind: &'static str,
    /// `apps`; empty for the core.
    pub group: &'static str,
    /// `v1`.
    pub version: &'static str,
    /// `deployments`.
    pub plural: &'static str,
}

const MONITORING: &str = "monitoring.coreos.com";
/// Chaos Mesh's API group.
pub const CHAOS: &str = "chaos-mesh.org";

macro_rules! kinds {
    ($($group:expr, $version:literal: $($kind:literal $plural:literal),+;)+) => {
        &[$($(Kind { kind: $kind, group: $group, version: $version, plural: $plural }),+),+]
    };
}

/// What a stage applies, in this order.
pub static APPLIED: &[Kind] = kinds! {
    "", "v1": "ServiceAccount" "serviceaccounts", "ConfigMap" "configmaps", "Secret" "secrets",
        "LimitRange" "limitranges", "ResourceQuota" "resourcequotas";
    "rbac.authorization.k8s.io", "v1": "Role" "roles", "RoleBinding" "rolebindings";
    "networking.k8s.io", "v1": "NetworkPolicy" "networkpolicies", "Ingress" "ingresses";
    "policy", "v1": "PodDisruptionBudget" "poddisruptionbudgets";
    "", "v1": "Service" "services";
    "apps", "v1": "Deployment" "deployments";
    "batch", "v1": "Job" "jobs";
    "autoscaling", "v2": "HorizontalPodAutoscaler" "horizontalpodautoscalers";
    MONITORING, "v1": "ServiceMonitor" "servicemonitors", "Probe" "probes", "PrometheusRule" "prometheusrules";
    MONITORING, "v1alpha1": "AlertmanagerConfig" "alertmanagerconfigs";
    MONITORING, "v1": "Prometheus" "prometheuses", "Alertmanager" "alertmanagers";
};

/// Experiments and what makes them; what makes experiments first, because it is taken away first.
pub static EXPERIMENTS: &[Kind] = kinds! {
    CHAOS, "v1alpha1": "Workflow" "workflows", "Schedule" "schedules", "StatusCheck" "statuschecks",
        "DNSChaos" "dnschaos", "HTTPChaos" "httpchaos", "NetworkChaos" "networkchaos", "PodChaos" "podchaos",
        "StressChaos" "stresschaos";
};

/// Pods, which nobody applies.
pub static POD: Kind = Kind { kind: "Pod", group: "", version: "v1", plural: "pods" };

/// What keeps pods by their names: an operator makes some, and each attendee of a workshop has one.
pub static STATEFUL_SET: Kind =
    Kind { kind: "StatefulSet", group: "apps", version: "v1", plural: "statefulsets" };

/// Finds a kind by its names in a document.
pub fn find(api_version: &str, kind: &str) -> Option<&'static Kind> {
    let all = APPLIED.iter().chain(EXPERIMENTS);
    all.into_iter().find(|one| one.kind == kind && one.api_version() == api_version)
}

/// Where a kind stands in the order.
pub fn rank(kind: &Kind) -> usize {
    APPLIED.iter().position(|one| one == kind).unwrap_or(APPLIED.len())
}

impl Kind {
    /// As a document writes it.
    pub fn api_version(&self) -> String {
        if self.group.is_empty() {
            self.version.to_owned()
        } else {
            format!("{}/{}", self.group, self.version)
        }
    }

    /// Where the objects of a namespace are listed.
    pub fn list(&self, namespace: &str) -> String {
        format!("{}/namespaces/{namespace}/{}", self.root(), self.plural)
    }

    /// Where the objects of all namespaces are listed.
    pub fn list_all(&self) -> String {
        format!("{}/{}", self.root(), self.plural)
    }

    /// Where an object is.
    pub fn path(&self, namespace: &str, name: &str) -> String {
        format!("{}/{name}", self.list(namespace))
    }

    fn root(&self) -> String {
        if self.group.is_empty() {
            format!("/api/{}", self.version)
        } else {
            format!("/apis/{}/{}", self.group, self.version)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_are_where_the_server_keeps_them() {
        let deployment = find("apps/v1", "Deployment").unwrap();
        assert_eq!(deployment.path("a", "b"), "/apis/apps/v1/namespaces/a/deployments/b");
        let service = find("v1", "Service").unwrap();
        assert_eq!(service.list("a"), "/api/v1/namespaces/a/services");
        assert!(rank(service) < rank(deployment));
        assert!(find("apps/v1beta1", "Deployment").is_none());
    }
}
