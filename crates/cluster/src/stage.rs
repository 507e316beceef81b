//! [`ClusterStage`]: the trait of all stages, carried out by a cluster.

mod again;
mod bring;
mod doors;
mod health;
mod names;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use ::chaos::document::Document;
use ::chaos::engine::EngineError;
use ::chaos::snapshot::{Applied, Name};
use async_trait::async_trait;
use serde_json::{Value, json};
use slo::Clock;
use stage::{
    Adaptation, Door, NamespacedName, Notification, Place, Snapshot, SourceFile, Stage, StageError,
    StageKind,
};

use crate::adapt::{Adapter, set_env};
use crate::api::{Api, Apply};
use crate::connect::Connection;
use crate::error::ClusterError;
use crate::monitoring::{BLACKBOX, BLACKBOX_PORT, INBOX, INBOX_PORT, Images, Monitoring, Wish};
use crate::pulse::Pulse;
use crate::tunnel::{Allows, Tunnel};
use crate::{chaos, doctor, kinds, settle, sweep, watch};

/// How long looking for what is in the way may take.
const DIAGNOSIS: Duration = Duration::from_secs(8);

/// A step that was done: what, how long it took, and what came of it.
pub type Progress = Arc<dyn Fn(&str, Duration, &str) + Send + Sync>;

/// How long a look at the whole stage is good for.
const FRESH: Duration = Duration::from_millis(500);
/// The same for the experiments, which somebody may be waiting for.
const CHAOS_FRESH: Duration = Duration::from_millis(150);

/// How a stage in a cluster is to be.
#[derive(Clone)]
pub struct Options {
    /// The namespace that it lives in.
    pub namespace: String,
    /// How fast time passes.
    pub clock: Clock,
    /// The image of the project's programs.
    pub image: String,
    /// Images of what the stage brings, by name, in place of those that it would choose.
    pub use_images: Vec<(String, String)>,
    /// Bring a Prometheus and an Alertmanager even where there are some.
    pub own_monitoring: bool,
    /// Have the cluster's CoreDNS answer for the names of the stories, until `down`.
    pub demo_names: bool,
    /// Where Prometheus answers, for clusters whose API server does not lead there.
    pub prometheus_url: Option<String>,
    /// The same for Alertmanager.
    pub alertmanager_url: Option<String>,
    /// Told of every step.
    pub progress: Progress,
}

/// A stage in the namespace of a cluster. Dropping it closes its listeners and leaves the cluster
/// as it is; [`Stage::down`] takes everything away.
pub struct ClusterStage {
    connection: Connection,
    api: Api,
    options: Options,
    place: Place,
    monitoring: Monitoring,
    images: Images,
    adapter: Adapter,
    _tunnels: Vec<Tunnel>,
    /// What was applied, as it was applied.
    applied: Mutex<Vec<Value>>,
    adapted: Mutex<Vec<Adaptation>>,
    seen: tokio::sync::Mutex<Option<(Instant, Arc<Snapshot>)>>,
    chaos_seen: tokio::sync::Mutex<Option<(Instant, ::chaos::snapshot::Snapshot)>>,
    server: Pulse,
    prometheus: Pulse,
    /// Which life of Prometheus has seen the whole story.
    life: Mutex<Option<String>>,
    /// What was taken away from the stage by none of its acts; once seen, for good.
    lost: Mutex<Option<String>>,
}

impl ClusterStage {
    /// A stage on a cluster, with nothing on it yet. Nothing is changed.
    ///
    /// # Errors
    /// The cluster does not answer, or lacks what a stage needs.
    pub async fn start(connection: &Connection, options: Options) -> Result<Self, ClusterError> {
        let since = Instant::now();
        let api = connection.api.clone();
        let version = api.look("/version").await?;
        let wish = match (options.own_monitoring, &options.prometheus_url) {
            (true, _) => Wish::Own,
            (false, Some(_)) => Wish::Reached,
            (false, None) => Wish::Any,
        };
        let monitoring = Monitoring::choose(&api, &options.namespace, wish).await?;
        let mut images = Images::choose(&api).await;
        for (name, reference) in &options.use_images {
            if !images.replace(name, reference) {
                let what = format!("--use-image: the stage brings no `{name}`");
                let remedy = "write prometheus, alertmanager or blackbox".to_owned();
                return Err(ClusterError::Missing { what, remedy });
            }
        }
        let io = |why: std::io::Error| ClusterError::Connect(format!("cannot listen: {why}"));
        let mut tunnels = Vec::new();
        let mut url = async |given: &Option<String>, server| match given {
            Some(url) => Ok(url.clone()),
            None => {
                let tunnel =
                    Tunnel::open(api.clone(), server, Allows::Reading).await.map_err(io)?;
                tunnels.push(tunnel);
                Ok::<_, ClusterError>(tunnels.last().map(Tunnel::url).unwrap_or_default())
            }
        };
        let prometheus = url(&options.prometheus_url, monitoring.prometheus.clone()).await?;
        let alertmanager = url(&options.alertmanager_url, monitoring.alertmanager.clone()).await?;
        let namespace = &options.namespace;
        let adapter = Adapter {
            namespace: namespace.clone(),
            clock: options.clock,
            image: options.image.clone(),
            inbox: format!("http://{INBOX}.{namespace}.svc:{INBOX_PORT}"),
            prober: format!("{BLACKBOX}.{namespace}.svc:{BLACKBOX_PORT}"),
            selected_by: monitoring.selected_by.clone(),
            services: BTreeMap::new(),
        };
        let place = Place {
            kind: StageKind::Cluster,
            clock: options.clock,
            prometheus: Some(prometheus),
            alertmanager: Some(alertmanager),
            dns: None,
        };
        let who = match &monitoring.instead {
            Some(why) => format!("its own, as {why}"),
            None if monitoring.own => "its own".to_owned(),
            None => monitoring.prometheus.pod.clone(),
        };
        let what = format!("connected to {}", connection.context);
        let about = format!(
            "{}, namespace {namespace}, Prometheus: {who}",
            version["gitVersion"].as_str().unwrap_or("an unknown version")
        );
        (options.progress)(&what, since.elapsed(), &about);
        Ok(Self {
            connection: connection.clone(),
            api,
            place,
            monitoring,
            images,
            adapter,
            _tunnels: tunnels,
            applied: Mutex::default(),
            adapted: Mutex::default(),
            seen: tokio::sync::Mutex::default(),
            chaos_seen: tokio::sync::Mutex::default(),
            server: Pulse::default(),
            prometheus: Pulse::default(),
            life: Mutex::default(),
            lost: Mutex::default(),
            options,
        })
    }

    /// The namespace.
    fn namespace(&self) -> &str {
        &self.options.namespace
    }

    fn applied(&self) -> MutexGuard<'_, Vec<Value>> {
        lock(&self.applied)
    }

    fn note(&self, changes: Vec<Adaptation>) {
        let mut adapted = lock(&self.adapted);
        for change in changes {
            if !adapted.contains(&change) {
                adapted.push(change);
            }
        }
    }

    fn step(&self, what: &str, since: Instant, about: &str) {
        (self.options.progress)(what, since.elapsed(), about);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[async_trait]
impl Stage for ClusterStage {
    fn place(&self) -> &Place {
        &self.place
    }

    async fn apply(
        &self,
        files: &[SourceFile],
        env: &BTreeMap<String, String>,
    ) -> Result<Vec<String>, StageError> {
        self.bring(files, env).await?;
        Ok(Vec::new())
    }

    /// The whole document again, with the variables changed: a field that the same manager leaves
    /// out would be taken away.
    async fn set_env(
        &self,
        deployment: &NamespacedName,
        env: &BTreeMap<String, String>,
    ) -> Result<(), StageError> {
        let changed = {
            let mut applied = self.applied();
            let object = applied.iter_mut().find(|object| {
                object["kind"] == "Deployment" && object["metadata"]["name"] == deployment.name
            });
            object.map(|object| {
                set_env(object, env);
                object.clone()
            })
        };
        let kind = kinds::find("apps/v1", "Deployment").expect("it is in the list");
        let path = kind.path(self.namespace(), &deployment.name);
        match changed {
            Some(changed) => self.api.apply(&path, &changed, Apply::Ours).await?,
            None => self.set_env_there(&path, deployment, env).await?,
        };
        Ok(())
    }

    async fn wait_ready(
        &self,
        deployment: &NamespacedName,
        within: Duration,
    ) -> Result<(), StageError> {
        Ok(watch::rolled_out(&self.api, self.namespace(), &deployment.name, within).await?)
    }

    async fn settle(&self, within: Duration) -> Result<(), StageError> {
        let since = Instant::now();
        let applied = self.applied().clone();
        for name in self.monitoring.workloads(&applied) {
            watch::rolled_out(&self.api, self.namespace(), name, within).await?;
        }
        self.names_resolve(&applied, within).await?;
        settle::settle(&self.api, &self.monitoring, &applied, within).await?;
        let who = if self.monitoring.own { "Prometheus of its own" } else { "Prometheus" };
        *lock(&self.life) = self.life_of_prometheus().await;
        self.step("rules, targets and receivers are in", since, who);
        Ok(())
    }

    fn adapted(&self) -> Vec<Adaptation> {
        lock(&self.adapted).clone()
    }

    async fn diagnose(&self) -> Vec<String> {
        let examined = doctor::examine(&self.connection, self.namespace());
        let found = tokio::time::timeout(DIAGNOSIS, examined).await.unwrap_or_default();
        let wrong = found.into_iter().filter(|finding| !finding.ok);
        wrong.map(|one| format!("{} {}: {}; {}", one.id, one.what, one.found, one.remedy)).collect()
    }

    async fn inject(&self, document: &Document) -> Result<Applied, StageError> {
        let mut object = document.to_json();
        let changes = self.adapter.experiment(&mut object).map_err(|reason| {
            let remedy = "correct its selector, or choose another --namespace";
            let object = crate::object::title(&object);
            ClusterError::Document { file: "the experiment".to_owned(), object, reason, remedy }
        })?;
        self.until_settled(&object).await;
        let applied = chaos::inject(&self.api, self.namespace(), &object).await?;
        self.note(changes);
        *self.chaos_seen.lock().await = None;
        Ok(applied)
    }

    async fn remove(&self, name: &Name, within: Duration) -> Result<(), StageError> {
        let since = Instant::now();
        // Documents name the namespace of their file.
        let name = Name { namespace: None, ..name.clone() };
        let helped = chaos::remove(&self.api, self.namespace(), &name, within).await?;
        if let Some(sentence) = helped {
            self.step("an experiment had to be helped", since, &sentence);
        }
        *self.chaos_seen.lock().await = None;
        Ok(())
    }

    async fn pause(&self, name: &Name, pause: bool) -> Result<(), StageError> {
        let snapshot = self.chaos().await?;
        let name = Name { namespace: None, ..name.clone() };
        let object = snapshot.find_all(&name).next();
        let object = object.ok_or_else(|| EngineError::NotFound(name.to_string()))?;
        let kind = kinds::EXPERIMENTS.iter().find(|kind| kind.kind == object.kind);
        let kind = kind.filter(|kind| !["Workflow", "StatusCheck"].contains(&kind.kind));
        let kind = kind.ok_or_else(|| EngineError::NotPausable(name.to_string()))?;
        let value = if pause { json!("true") } else { Value::Null };
        let annotation = ::chaos::document::PAUSE_ANNOTATION;
        let change = json!({"metadata": {"annotations": {annotation: value}}});
        self.api.merge(&kind.path(self.namespace(), &object.metadata.name), &change).await?;
        Ok(())
    }

    async fn chaos(&self) -> Result<::chaos::snapshot::Snapshot, StageError> {
        let mut seen = self.chaos_seen.lock().await;
        if let Some((at, snapshot)) = seen.as_ref().filter(|(at, _)| at.elapsed() < CHAOS_FRESH) {
            let _ = at;
            return Ok(snapshot.clone());
        }
        let snapshot = chaos::snapshot(&self.api, self.namespace()).await?;
        *seen = Some((Instant::now(), snapshot.clone()));
        Ok(snapshot)
    }

    async fn admin(&self, deployment: &NamespacedName) -> Result<Vec<Door>, StageError> {
        Ok(self.doors(deployment).await?)
    }

    async fn mail(&self) -> Result<Vec<Notification>, StageError> {
        Ok(self.messages().await?)
    }

    async fn status(&self) -> Result<Arc<Snapshot>, StageError> {
        let mut seen = self.seen.lock().await;
        if let Some((_, snapshot)) = seen.as_ref().filter(|(at, _)| at.elapsed() < FRESH) {
            return Ok(snapshot.clone());
        }
        let snapshot = self.look().await?;
        *seen = Some((Instant::now(), snapshot.clone()));
        Ok(snapshot)
    }

    async fn down(&self) -> Result<(), StageError> {
        let since = Instant::now();
        let swept = sweep::all(&self.api, self.namespace()).await?;
        for sentence in &swept.sentences {
            self.step("an experiment had to be helped", since, sentence);
        }
        self.step("everything is gone", since, &format!("{} objects", swept.objects));
        Ok(())
    }
}
