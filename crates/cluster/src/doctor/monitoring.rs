//! Whether somebody looks at the pods: the operator, what it selects, and what it says of our
//! objects.

use serde_json::Value;

use super::Finding;
use crate::api::Api;
use crate::kinds;
use crate::monitoring::{Found, Monitoring, Wish};
use crate::object::{items, name, selector, text, title};

/// The kinds that the operator takes in, one by one.
const BOUND: [(&str, &str); 4] = [
    ("monitoring.coreos.com/v1", "ServiceMonitor"),
    ("monitoring.coreos.com/v1", "Probe"),
    ("monitoring.coreos.com/v1", "PrometheusRule"),
    ("monitoring.coreos.com/v1alpha1", "AlertmanagerConfig"),
];

pub(super) async fn examine(api: &Api, namespace: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    let (id, what) = ("C03", "Prometheus operator");
    let found = match Found::look(api, namespace).await {
        Ok(found) => found,
        Err(why) => {
            let remedy = "kubectl apply --server-side -f https://github.com/prometheus-operator/prometheus-operator/releases/download/v0.93.1/bundle.yaml";
            findings.push(Finding::wrong(id, what, why.to_string(), remedy));
            return findings;
        }
    };
    let only = if found.only_here { "; other namespaces may not be seen" } else { "" };
    findings.push(Finding::well(id, what, format!("its kinds are there{only}")));
    findings.push(chosen(api, namespace, &found).await);
    findings.push(bound(api, namespace).await);
    findings
}

/// Which Prometheus a play would use, and whether it looks at this namespace.
async fn chosen(api: &Api, namespace: &str, found: &Found) -> Finding {
    let (id, what) = ("C04", "who looks at the pods");
    if found.prometheus.is_none() {
        return Finding::well(id, what, "no Prometheus is there, so the stage brings its own");
    }
    let monitoring = match Monitoring::choose(api, namespace, Wish::Any).await {
        Ok(monitoring) => monitoring,
        Err(why) => {
            let remedy = "./tale up --on cluster --with monitoring";
            return Finding::wrong(id, what, why.to_string(), remedy);
        }
    };
    if let Some(why) = monitoring.instead {
        return Finding::well(id, what, format!("{why}, so the stage brings its own"));
    }
    let server = &monitoring.prometheus;
    Finding::well(id, what, format!("{}/{}", server.namespace, server.pod))
}

/// What the operator says of our objects, where it says something.
async fn bound(api: &Api, namespace: &str) -> Finding {
    let (id, what) = ("C05", "rules, monitors, receivers");
    let mut count = 0;
    for (version, kind) in BOUND {
        let kind = kinds::find(version, kind).expect("it is in the list");
        let path = format!("{}{}", kind.list(namespace), selector(namespace));
        let list = match api.list(&path).await {
            Ok(list) => list,
            Err(why) => return Finding::unseen(id, what, &why),
        };
        for mut object in list {
            object["kind"] = kind.kind.into();
            count += 1;
            if let Some(why) = refused(&object) {
                let remedy =
                    format!("kubectl -n {namespace} describe {} {}", kind.plural, name(&object));
                return Finding::wrong(id, what, format!("{}: {why}", title(&object)), remedy);
            }
        }
    }
    Finding::well(id, what, format!("{count} objects, the operator refuses none"))
}

/// The condition of a binding that is not true.
fn refused(object: &Value) -> Option<String> {
    let bindings = items(object, "/status/bindings").iter();
    let mut conditions = bindings.flat_map(|binding| items(binding, "/conditions"));
    let refused = conditions.find(|condition| text(condition, "/status") == "False")?;
    Some(format!("{}: {}", text(refused, "/reason"), text(refused, "/message")))
}
