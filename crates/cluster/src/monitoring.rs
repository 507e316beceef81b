//! What looks at the pods: a Prometheus and an Alertmanager that are there, or the stage's own
//! minimum for a cluster that has only the operator.
//!
//! The minimum lives in the namespace of the stage and needs no right beyond it: one Prometheus,
//! one Alertmanager, the inbox, and a prober where somebody wants to knock.

mod found;
mod images;
mod minimum;

use std::collections::BTreeMap;

use serde_json::Value;

use crate::api::Api;
use crate::error::ClusterError;
use crate::pod::PodPort;

pub use found::Found;
pub(crate) use images::node;
pub use images::{Images, lies_there};
pub use minimum::{BLACKBOX, BLACKBOX_PORT, INBOX, INBOX_PORT, NAME};

/// Who is to look at the pods of a stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// Who is there, if that goes.
    Any,
    /// Who is there; somebody else has seen to it that it can be asked.
    Reached,
    /// The stage's own.
    Own,
}

/// Who looks at the pods of a stage.
#[derive(Clone, Debug)]
pub struct Monitoring {
    /// Whether the stage brings it itself.
    pub own: bool,
    /// Why what is there is not used, when the stage brings its own instead.
    pub instead: Option<String>,
    /// Prometheus.
    pub prometheus: PodPort,
    /// Alertmanager.
    pub alertmanager: PodPort,
    /// Labels by which they select, by kind.
    pub selected_by: BTreeMap<&'static str, BTreeMap<String, String>>,
}

impl Monitoring {
    /// The stage's own, in its namespace.
    pub fn own(namespace: &str) -> Self {
        let server = |pod: String, port| PodPort { namespace: namespace.to_owned(), pod, port };
        Self {
            own: true,
            instead: None,
            prometheus: server(format!("prometheus-{NAME}-0"), 9090),
            alertmanager: server(format!("alertmanager-{NAME}-0"), 9093),
            selected_by: BTreeMap::new(),
        }
    }

    /// What is there, if it looks at this namespace or can be made to with labels, and can be
    /// asked; or the stage's own.
    ///
    /// # Errors
    /// The operator is missing, or the server does not answer.
    pub async fn choose(api: &Api, namespace: &str, wish: Wish) -> Result<Self, ClusterError> {
        let found = Found::look(api, namespace).await?;
        if wish == Wish::Own || found.prometheus.is_none() {
            return Ok(Self::own(namespace));
        }
        let theirs = match found.satisfied(namespace) {
            Ok(theirs) => match found.may_not_look(api, namespace).await {
                None => Ok(theirs),
                Some(why) => Err(why),
            },
            Err(why) => Err(why),
        };
        let why = match theirs {
            Ok(theirs) if wish == Wish::Reached => return Ok(theirs),
            Ok(theirs) => match theirs.does_not_answer(api).await {
                None => return Ok(theirs),
                Some(why) => why,
            },
            Err(why) => why,
        };
        Ok(Self { instead: Some(why), ..Self::own(namespace) })
    }

    /// Why it cannot be asked: no right to it, say.
    async fn does_not_answer(&self, api: &Api) -> Option<String> {
        for server in [&self.prometheus, &self.alertmanager] {
            if let Err(why) = server.is_well(api, "/-/ready").await {
                let PodPort { namespace, pod, .. } = server;
                return Some(format!("{namespace}/{pod} does not answer: {why}"));
            }
        }
        None
    }

    /// The Deployments of the minimum, which have to be ready besides those of the tale.
    pub fn workloads(&self, applied: &[Value]) -> Vec<&'static str> {
        let prober = minimum::needs_prober(applied);
        std::iter::once(INBOX).chain(prober.then_some(BLACKBOX)).collect()
    }

    /// The documents of the minimum; when what is there is used, only the inbox and the prober.
    pub fn documents(
        &self,
        namespace: &str,
        images: &Images,
        applied: &[Value],
        tales: &str,
    ) -> Vec<Value> {
        let mut documents = minimum::inbox(namespace, tales);
        if self.own {
            documents.extend(minimum::documents(namespace, images));
        }
        if minimum::needs_prober(applied) {
            documents.extend(minimum::prober(namespace, &images.blackbox));
        }
        documents
    }
}
