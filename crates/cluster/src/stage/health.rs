//! Whether the story can still be judged: the API server answers, Prometheus has seen all of it,
//! and no pod was taken away.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::Value;
use stage::{BackendStatus, Snapshot, StageError};

use super::{ClusterStage, lock};
use crate::chaos;
use crate::object::{items, number, text};
use crate::status::{self, Seen};

/// How often is looked for pods that come or go, before an experiment.
const SETTLING: Duration = Duration::from_millis(300);

impl ClusterStage {
    /// Looks at everything. What cannot be judged any more is in the backends.
    ///
    /// # Errors
    /// The API server does not answer, for now.
    pub(super) async fn look(&self) -> Result<Arc<Snapshot>, StageError> {
        let looked =
            tokio::join!(status::look(&self.api, self.namespace()), self.prometheus_died());
        let (Seen { mut snapshot, evicted }, died) = match looked {
            (Ok(seen), died) => (seen, died),
            (Err(why), _) => {
                let for_good = why.code() == Some(401);
                return match self.server.unwell(why.to_string(), for_good) {
                    Some(why) => Ok(self.blind(why)),
                    None => Err(why.into()),
                };
            }
        };
        self.server.well();
        let url = |url: &Option<String>| url.clone().unwrap_or_default();
        let backend = |name: &str, url, died| BackendStatus { name: name.to_owned(), url, died };
        snapshot.backends = vec![
            backend("prometheus", url(&self.place.prometheus), died),
            backend("alertmanager", url(&self.place.alertmanager), None),
        ];
        let mut lost = lock(&self.lost);
        if lost.is_none() && self.has_begun() {
            *lost = evicted;
        }
        let lost = lost.clone();
        snapshot.backends.extend(lost.map(|why| backend("a pod", String::new(), Some(why))));
        Ok(Arc::new(snapshot))
    }

    /// Waits until no pod that an experiment would select comes or goes. Looks throughout: one that
    /// goes may have been evicted, which is seen only while it goes.
    pub(super) async fn until_settled(&self, experiment: &Value) {
        let since = Instant::now();
        while self.look().await.is_ok()
            && !chaos::victims_are_settled(&self.api, self.namespace(), experiment).await
            && since.elapsed() < chaos::SETTLED
        {
            tokio::time::sleep(SETTLING).await;
        }
    }

    /// Whether Prometheus can be asked; the sentence when it cannot for too long.
    async fn prometheus_died(&self) -> Option<String> {
        if self.options.prometheus_url.is_some() {
            return None;
        }
        let ready = self.monitoring.prometheus.is_well(&self.api, "/-/ready");
        let (answers, life) = tokio::join!(ready, self.life_of_prometheus());
        if let (Some(before), Some(now)) = (lock(&self.life).clone(), life)
            && before != now
        {
            let pod = &self.monitoring.prometheus.pod;
            return Some(format!(
                "pod {pod} was started anew, and what it had seen of the story is gone"
            ));
        }
        match answers {
            Ok(()) => {
                self.prometheus.well();
                None
            }
            Err(why) => {
                let pod = &self.monitoring.prometheus.pod;
                self.prometheus.unwell(format!("pod {pod} does not answer: {why}"), false)
            }
        }
    }

    /// The pod of Prometheus and how often its containers were started.
    pub(super) async fn life_of_prometheus(&self) -> Option<String> {
        let pod = self.api.look(&self.monitoring.prometheus.path()).await.ok()?;
        let containers = items(&pod, "/status/containerStatuses").iter();
        let server = containers.filter(|one| text(one, "/name") == "prometheus");
        let starts: u32 = server.map(|one| number(one, "/restartCount")).sum();
        Some(format!("{} {starts}", text(&pod, "/metadata/uid")))
    }

    /// The snapshot of a stage that cannot be looked at any more.
    fn blind(&self, why: String) -> Arc<Snapshot> {
        let url = self.place.prometheus.clone().unwrap_or_default();
        let name = "the cluster".to_owned();
        let backends = vec![BackendStatus { name, url, died: Some(why) }];
        Arc::new(Snapshot { backends, ..Snapshot::default() })
    }

    /// Whether a story may be under way: before everything is settled nobody has lost anything.
    fn has_begun(&self) -> bool {
        lock(&self.life).is_some()
    }
}
