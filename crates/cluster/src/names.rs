//! The names of the stories, answered from within the cluster: for a hall without a network, where
//! nothing outside resolves. The cluster's own CoreDNS gets one block more, which says whose it is
//! and goes with the last stage that asked for it.
//!
//! What was there is not rewritten: on k3s the block lies in the ConfigMap for such blocks, and
//! elsewhere between two lines of the Corefile that nobody else writes.

use serde_json::{Value, json};
use stage::Adaptation;

use crate::api::{Api, ApiError, Apply};
use crate::error::ClusterError;
use crate::kinds::POD;
use crate::object::{MANAGED_BY, TALE, name, text};

/// What the stories ask for.
pub const NAMES: [&str; 3] = ["o11y.love", "cncf.io", "gitlab.com"];
/// What they are told: an address that documents use and nobody has.
pub const ANSWER: &str = "192.0.2.53";

const SYSTEM: &str = "/api/v1/namespaces/kube-system/configmaps";
/// k3s rewrites the Corefile, and reads more from here.
const CUSTOM: &str = "coredns-custom";
const CUSTOM_KEY: &str = "tales.server";
const IMPORT: &str = "import /etc/coredns/custom/*.server";

const BEGIN: &str = "# tales.dev/stages:";
const END: &str = "# tales.dev/stages end";

/// Somebody else may write at the same time.
const TRIES: u32 = 5;

/// Which ConfigMap, and which text of it.
struct Place {
    config: &'static str,
    key: &'static str,
}

/// Has the names answered for the stage of a namespace.
///
/// # Errors
/// There is no CoreDNS here, or this user may not change it.
pub async fn bring(api: &Api, namespace: &str) -> Result<Adaptation, ClusterError> {
    let place = place(api).await?.ok_or_else(|| ClusterError::Missing {
        what: "--with demo-names: there is no CoreDNS in kube-system".to_owned(),
        remedy: "let your DNS server answer o11y.love, cncf.io and gitlab.com".to_owned(),
    })?;
    edit(api, &place, |text| with(text, namespace)).await?;
    nudge(api, Some(&jiff::Timestamp::now().to_string())).await;
    Ok(Adaptation {
        object: format!("ConfigMap/{}", place.config),
        field: format!("data[{}]", place.key),
        was: String::new(),
        now: format!("{} are {ANSWER}", NAMES.join(", ")),
        why: "--with demo-names, until `down`".to_owned(),
    })
}

/// Takes that back. Returns whether there was something to take back.
///
/// # Errors
/// The API server refuses.
pub async fn take_back(api: &Api, namespace: &str) -> Result<bool, ApiError> {
    let place = match place(api).await {
        // Who may not look has not changed anything.
        Err(why) if why.code() == Some(403) => return Ok(false),
        place => place?,
    };
    let Some(place) = place else { return Ok(false) };
    let changed = edit(api, &place, |text| without(text, namespace)).await?;
    if changed {
        nudge(api, None).await;
    }
    Ok(changed)
}

async fn place(api: &Api) -> Result<Option<Place>, ApiError> {
    let Some(config) = api.find(&format!("{SYSTEM}/coredns")).await? else { return Ok(None) };
    Ok(Some(if text(&config, "/data/Corefile").contains(IMPORT) {
        Place { config: CUSTOM, key: CUSTOM_KEY }
    } else {
        Place { config: "coredns", key: "Corefile" }
    }))
}

/// Changes the text, if nobody else changes it meanwhile; else anew. Returns whether it was
/// changed.
async fn edit(api: &Api, place: &Place, change: impl Fn(&str) -> String) -> Result<bool, ApiError> {
    let path = format!("{SYSTEM}/{}", place.config);
    let mut tries = 0;
    loop {
        let there = api.find(&path).await?;
        let was = there.as_ref().map_or("", |one| text(one, &format!("/data/{}", place.key)));
        let now = change(was);
        if now == was {
            return Ok(false);
        }
        let value = if now.is_empty() { Value::Null } else { json!(now) };
        let done = match &there {
            None => {
                let meta = json!({"name": place.config, "namespace": "kube-system",
                    "labels": {MANAGED_BY: TALE}});
                let object = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta,
                    "data": {place.key: value}});
                api.apply(&path, &object, Apply::Gently).await
            }
            Some(one) if value.is_null() && only_ours(one, place) => {
                api.delete(&path).await.map(|_| Value::Null)
            }
            Some(one) => {
                let version = text(one, "/metadata/resourceVersion");
                let change = json!({"metadata": {"resourceVersion": version},
                    "data": {place.key: value}});
                api.merge(&path, &change).await
            }
        };
        tries += 1;
        match done {
            Err(why) if why.code() == Some(409) && tries < TRIES => {}
            done => return done.map(|_| true),
        }
    }
}

/// A ConfigMap that was made for the block, and holds nothing else.
fn only_ours(config: &Value, place: &Place) -> bool {
    let labels = config.pointer("/metadata/labels");
    let made = labels.and_then(|labels| labels.get(MANAGED_BY)).is_some_and(|who| who == TALE);
    let data = config["data"].as_object();
    made && data.is_some_and(|data| data.keys().all(|key| key == place.key))
}

/// A changed annotation makes the kubelet look at a pod's mounted files at once. It saves time, no
/// more: who may not do it waits.
async fn nudge(api: &Api, when: Option<&str>) {
    let list = format!("{}?labelSelector=k8s-app%3Dkube-dns", POD.list("kube-system"));
    for pod in api.list(&list).await.unwrap_or_default() {
        let change = json!({"metadata": {"annotations": {"tales.dev/nudged": when}}});
        let _ = api.merge(&POD.path("kube-system", name(&pod)), &change).await;
    }
}

/// The text with a block for this stage besides those that have one.
fn with(text: &str, namespace: &str) -> String {
    let (mut stages, rest) = split(text);
    if !stages.iter().any(|one| one == namespace) {
        stages.push(namespace.to_owned());
    }
    format!("{}{rest}", block(&stages))
}

/// The text without this stage, and without the block if it was the last one.
fn without(text: &str, namespace: &str) -> String {
    let (mut stages, rest) = split(text);
    stages.retain(|one| one != namespace);
    if stages.is_empty() { rest } else { format!("{}{rest}", block(&stages)) }
}

/// Whose block there is, and the text without it.
fn split(text: &str) -> (Vec<String>, String) {
    let Some(at) = text.find(BEGIN) else { return (Vec::new(), text.to_owned()) };
    let Some(length) = text[at..].find(END) else { return (Vec::new(), text.to_owned()) };
    let names = text[at + BEGIN.len()..].lines().next().unwrap_or_default();
    let rest = &text[at + length + END.len()..];
    let rest = format!("{}{}", &text[..at], rest.strip_prefix('\n').unwrap_or(rest));
    (names.split_whitespace().map(str::to_owned).collect(), rest)
}

fn block(stages: &[String]) -> String {
    let zones = NAMES.map(|name| format!("{name}:53")).join(" ");
    format!(
        "{BEGIN} {}\n{zones} {{\n    template IN A {{\n        \
         answer \"{{{{ .Name }}}} 60 IN A {ANSWER}\"\n    }}\n    \
         template IN AAAA {{\n        rcode NOERROR\n    }}\n}}\n{END}\n",
        stages.join(" ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const COREFILE: &str = ".:53 {\n    errors\n    forward . /etc/resolv.conf\n}\n";

    #[test]
    fn what_was_there_is_there_again_when_the_last_stage_goes() {
        for before in [COREFILE, ""] {
            let one = with(before, "default");
            assert!(one.contains("o11y.love:53 cncf.io:53 gitlab.com:53 {"), "{one}");
            assert_eq!(with(&one, "default"), one);
            let two = with(&one, "alice");
            assert_eq!(two.matches("o11y.love:53").count(), 1, "CoreDNS refuses a zone twice");
            assert_eq!(without(&two, "alice"), one);
            assert_eq!(without(&without(&two, "default"), "alice"), before);
            assert_eq!(without(before, "default"), before);
        }
    }

    #[test]
    fn what_others_have_written_around_it_stays() {
        let one = with(COREFILE, "default").replace("errors", "log");
        assert_eq!(
            without(&format!("{one}more {{\n}}\n"), "default"),
            COREFILE.replace("errors", "log") + "more {\n}\n"
        );
    }
}
