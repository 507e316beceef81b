//! Chaos Mesh: whether it is there, whether its parts are well, and what its experiments suffer.

use serde_json::Value;

use super::{Finding, helm_line};
use crate::api::{Api, ApiError};
use crate::kinds::{EXPERIMENTS, Kind, POD};
use crate::object::{items, name, number, text, title};

/// What the record of an experiment says when the node's kernel cannot do it, and what the node
/// needs.
const KERNEL: [(&str, &str); 4] = [
    ("qdisc kind is unknown", "modprobe sch_netem"),
    ("unable to set tcs", "modprobe sch_netem"),
    ("unable to flush ip sets", "modprobe ip_set ip_set_hash_net xt_set"),
    ("apply config", "modprobe xt_TPROXY ebtables br_netfilter"),
];

pub(super) async fn examine(api: &Api, namespace: &str) -> Vec<Finding> {
    let (id, what) = ("C08", "Chaos Mesh");
    // Asked directly: a list of a kind that is not known is empty elsewhere.
    match api.look("/apis/chaos-mesh.org/v1alpha1").await {
        Ok(_) => {}
        Err(why) if why.code() == Some(404) => {
            let remedy = helm_line(api).await;
            return vec![Finding::wrong(id, what, "is not installed", remedy)];
        }
        Err(why) => return vec![Finding::unseen(id, what, &why)],
    }
    let mut findings = vec![Finding::well(id, what, "its kinds are there")];
    findings.push(parts(api).await);
    findings.push(stuck(api, namespace).await);
    findings
}

/// Controller, daemons and DNS server.
async fn parts(api: &Api) -> Finding {
    let (id, what) = ("C09", "Chaos Mesh's own pods");
    let path = format!("{}?labelSelector=app.kubernetes.io%2Fpart-of%3Dchaos-mesh", POD.list_all());
    let pods = match api.list(&path).await {
        Ok(pods) => pods,
        Err(why) => return Finding::unseen(id, what, &why),
    };
    if pods.is_empty() {
        return Finding::well(
            id,
            what,
            "none are labelled as such: experiments will show whether somebody plays them",
        );
    }
    for pod in &pods {
        let of = text(pod, "/metadata/namespace");
        if let Some(trouble) = crate::watch::trouble(pod) {
            let remedy = if trouble.ended {
                helm_line(api).await
            } else {
                format!("kubectl -n {of} describe pod {}", name(pod))
            };
            return Finding::wrong(id, what, format!("{}: {}", name(pod), trouble.message), remedy);
        }
        let dns = text(pod, "/metadata/labels/app.kubernetes.io~1component") == "chaos-dns-server";
        let restarts: u32 = items(pod, "/status/containerStatuses")
            .iter()
            .map(|one| number(one, "/restartCount"))
            .sum();
        if dns && restarts > 0 {
            let found = format!(
                "{} restarted {restarts} times: a restart ends every DNSChaos without a word",
                name(pod)
            );
            return Finding::wrong(id, what, found, "./tale reset --on cluster");
        }
    }
    Finding::well(id, what, format!("{} pods, none in trouble", pods.len()))
}

/// Experiments of the namespace that do not begin, or do not end.
async fn stuck(api: &Api, namespace: &str) -> Finding {
    let (id, what) = ("C10", "experiments");
    let mut count = 0;
    for kind in EXPERIMENTS {
        let list: Result<Vec<Value>, ApiError> = api.list(&kind.list(namespace)).await;
        let list = match list {
            Ok(list) => list,
            Err(why) => return Finding::unseen(id, what, &why),
        };
        count += list.len();
        for object in &list {
            if let Some(finding) = trouble(kind, object, namespace) {
                return finding;
            }
        }
    }
    Finding::well(id, what, format!("{count} in the namespace, none is stuck"))
}

fn trouble(kind: &Kind, object: &Value, namespace: &str) -> Option<Finding> {
    let (id, what) = ("C10", "experiments");
    let records = items(object, "/status/experiment/containerRecords").iter();
    let mut events = records.flat_map(|record| items(record, "/events").iter().rev());
    let said =
        events.find(|event| text(event, "/type") == "Failed").map(|event| text(event, "/message"));
    let mut named = object.clone();
    named["kind"] = kind.kind.into();
    let title = title(&named);
    if object.pointer("/metadata/deletionTimestamp").is_some() {
        let found =
            format!("{title} is stuck in its deletion: {}", said.unwrap_or("it does not say why"));
        return Some(Finding::wrong(id, what, found, "./tale doctor --on cluster --fix"));
    }
    let said = said?;
    let injected = items(object, "/status/conditions").iter().any(|condition| {
        text(condition, "/type") == "AllInjected" && text(condition, "/status") == "True"
    });
    if injected {
        return None;
    }
    let lacks = KERNEL.iter().find(|(words, _)| said.contains(words));
    let (id, remedy) = match lacks {
        Some((_, modules)) => ("C11", format!("{modules} (on the node; many virtual machines cannot)")),
        None if said.contains("DeadlineExceeded") && kind.kind == "DNSChaos" => (
            "C12",
            "kubectl -n chaos-mesh rollout restart deployment chaos-dns-server (it is overloaded: its victims ask more than five questions a second)".to_owned(),
        ),
        None => (id, format!("kubectl -n {namespace} describe {} {}", kind.plural, name(object))),
    };
    Some(Finding::wrong(id, what, format!("{title} is not injected: {said}"), remedy))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::kinds::find;

    fn experiment(message: &str) -> Value {
        json!({"metadata": {"name": "a"}, "status": {"experiment": {"containerRecords": [
            {"phase": "Not Injected/Wait", "events": [{"type": "Failed", "message": message}]}]}}})
    }

    #[test]
    fn a_kernel_without_netem_and_an_overloaded_dns_server_are_told_apart() {
        let network = find("chaos-mesh.org/v1alpha1", "NetworkChaos").unwrap();
        let netem = experiment("unable to set tcs: Error: Specified qdisc kind is unknown.");
        let finding = trouble(network, &netem, "demo").unwrap();
        assert!(finding.id == "C11" && finding.remedy.contains("sch_netem"), "{finding:?}");
        let dns = find("chaos-mesh.org/v1alpha1", "DNSChaos").unwrap();
        let late =
            experiment("rpc error: code = DeadlineExceeded desc = context deadline exceeded");
        assert_eq!(trouble(dns, &late, "demo").unwrap().id, "C12");
        let mut deleted = netem;
        deleted["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z");
        assert!(trouble(network, &deleted, "demo").unwrap().remedy.contains("--fix"));
    }
}
