//! Which images the minimum runs: what lies on a node, so that nothing is pulled in a hall without
//! a network; else the pinned ones.

use serde_json::Value;

use crate::api::Api;
use crate::kinds::Kind;
use crate::object::{items, text};

static NODE: Kind = Kind { kind: "Node", group: "", version: "v1", plural: "nodes" };

/// A node lists no more of its images than this.
const LISTED: usize = 50;

/// The images of the minimum.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Images {
    /// Prometheus.
    pub prometheus: String,
    /// Alertmanager.
    pub alertmanager: String,
    /// The prober.
    pub blackbox: String,
}

impl Default for Images {
    /// The pinned ones; none is on Docker Hub.
    fn default() -> Self {
        Self {
            prometheus: "quay.io/prometheus/prometheus:v3.13.2".to_owned(),
            alertmanager: "quay.io/prometheus/alertmanager:v0.33.1".to_owned(),
            blackbox: "quay.io/prometheus/blackbox-exporter:v0.28.0".to_owned(),
        }
    }
}

impl Images {
    /// Takes another image for one of them; `false` when there is no such name.
    pub fn replace(&mut self, name: &str, reference: &str) -> bool {
        let image = match name {
            "prometheus" => &mut self.prometheus,
            "alertmanager" => &mut self.alertmanager,
            "blackbox" => &mut self.blackbox,
            _ => return false,
        };
        reference.clone_into(image);
        true
    }

    /// What lies on the nodes; the pinned ones for what does not, or when nobody may look.
    pub async fn choose(api: &Api) -> Self {
        let names = on_nodes(api).await.unwrap_or_default();
        Self::among(&names)
    }

    fn among(names: &[String]) -> Self {
        let pinned = Self::default();
        let lying = |name: &str, pinned: String| {
            let ends = |image: &&String| {
                let (path, tag) = image.rsplit_once(':').unwrap_or((image, ""));
                !image.contains('@') && path.ends_with(name) && tag.starts_with('v')
            };
            if names.contains(&pinned) {
                return pinned;
            }
            names.iter().filter(ends).max().cloned().unwrap_or(pinned)
        };
        Self {
            prometheus: lying("/prometheus", pinned.prometheus),
            alertmanager: lying("/alertmanager", pinned.alertmanager),
            blackbox: lying("/blackbox-exporter", pinned.blackbox),
        }
    }
}

/// The version in an image's tag, as the operator wants it.
pub(super) fn version(image: &str) -> &str {
    image.rsplit_once(':').map_or("", |(_, tag)| tag)
}

/// The names of all images that the nodes say they have; none if nobody may ask.
pub(crate) async fn on_nodes(api: &Api) -> Option<Vec<String>> {
    let nodes = api.list(&NODE.list_all()).await.ok()?;
    let images = nodes.iter().flat_map(|node| items(node, "/status/images"));
    let names = images.flat_map(|image| items(image, "/names")).filter_map(Value::as_str);
    Some(names.map(str::to_owned).collect())
}

/// Whether an image lies on a node; none when that cannot be told: nobody may ask, or a node has
/// more images than it lists.
pub async fn lies_there(api: &Api, image: &str) -> Option<bool> {
    let names = on_nodes(api).await.filter(|names| !names.is_empty())?;
    let there = names.iter().any(|name| name == image);
    (there || names.len() < LISTED).then_some(there)
}

/// The container runtime and the kubelet of the first node, with their versions.
pub(crate) async fn node(api: &Api) -> Option<(String, String)> {
    let nodes = api.list(&NODE.list_all()).await.ok()?;
    let info = nodes.first()?.pointer("/status/nodeInfo")?;
    let version = |name: &str| text(info, name).to_owned();
    Some((version("/containerRuntimeVersion"), version("/kubeletVersion")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_on_the_node_is_used() {
        let names = [
            "tales.local/prometheus:v3.13.2",
            "tales.local/prometheus-operator:v0.93.0",
            "tales.local/prometheus@sha256:aa",
            "tales.local/alertmanager:v0.25.0",
        ];
        let images = Images::among(&names.map(str::to_owned));
        assert_eq!(images.prometheus, "tales.local/prometheus:v3.13.2");
        assert_eq!(version(&images.alertmanager), "v0.25.0");
        assert_eq!(images.blackbox, Images::default().blackbox);
    }
}
