//! `tale rollout RELEASE --gate SLO`: the gate, then `kubectl apply`, then `kubectl rollout
//! status`, and words for what keeps it.

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow};
use slo::gate::Style;
use slo::{Clock, Period};
use stage::{NamespacedName, Snapshot, Stage};

use crate::cli::Rollout;
use crate::control::{Request, Running};
use crate::exit::{BROKEN, UNDECIDED};
use crate::folders::Project;
use crate::prometheus::Prometheus;
use crate::rollout::{Release, is_complete, last_warning, waits_for};
use crate::terminal::{harmless, note, print};
use crate::{gate, in_cluster, setup, yaml};

/// How often is looked how far it is.
const EVERY: Duration = Duration::from_millis(200);

/// Rolls a release out, if the gate lets it.
///
/// # Errors
/// Manifests or objectives that cannot be used; no stage, or one that does not answer.
pub async fn run(project: &Project, args: &Rollout) -> Result<ExitCode> {
    let mut release = Release::read(&args.release)?;
    if args.place.is_cluster() {
        release.move_to(&args.place.namespace);
    }
    let catalogue = yaml::load_slos(std::path::Path::new(""), &args.gate)?;
    let target = Target::find(project, args).await?;
    if !args.gate.is_empty() {
        let last = Period::parse(&args.last).map_err(|why| anyhow!("--last: {why}"))?;
        let (prometheus, clock) = target.prometheus().await?;
        let plan = gate::plan(&catalogue, last, clock)?;
        let verdict = gate::run(&plan, &prometheus, None).await;
        print(&verdict.to_text(Style::Plain));
        match gate::admits(&verdict) {
            Some(true) => {}
            Some(false) => {
                let because = gate::failed(&verdict).join(", ");
                note(&format!("refused because of {because}: nothing was changed"));
                return Ok(ExitCode::from(BROKEN));
            }
            None => {
                note("the gate cannot judge: nothing was changed");
                return Ok(ExitCode::from(UNDECIDED));
            }
        }
    }
    target.apply(&release).await?;
    wait(&target, &release, args.within).await
}

/// Waits until all is ready, and says on the way what is not.
async fn wait(target: &Target, release: &Release, within: Duration) -> Result<ExitCode> {
    let until = Instant::now() + within;
    let mut left: Vec<&NamespacedName> = release.deployments().iter().collect();
    let mut told: BTreeMap<&NamespacedName, String> = BTreeMap::new();
    loop {
        let seen = target.status().await?;
        left.retain(|deployment| {
            let complete = is_complete(&seen, deployment);
            if complete {
                print(&format!("deployment.apps/{} rolled out\n", deployment.name));
            }
            !complete
        });
        if left.is_empty() {
            return Ok(ExitCode::SUCCESS);
        }
        for deployment in &left {
            let Some(waits) = waits_for(&seen, deployment) else { continue };
            if told.get(deployment).is_none_or(|before| before != waits) {
                note(&format!("{}: {}", deployment.name, harmless(waits)));
                told.insert(deployment, waits.to_owned());
            }
        }
        if Instant::now() >= until {
            for deployment in left {
                let why = last_warning(&seen, deployment).or(waits_for(&seen, deployment));
                let why = harmless(why.unwrap_or("its pods are not ready"));
                note(&format!("deployment.apps/{} is not rolled out: {why}", deployment.name));
            }
            return Ok(ExitCode::from(BROKEN));
        }
        tokio::time::sleep(EVERY).await;
    }
}

/// The stage that it is rolled out on.
enum Target {
    Here(Box<Running>),
    There(Arc<dyn Stage>),
}

impl Target {
    async fn find(project: &Project, args: &Rollout) -> Result<Self> {
        Ok(match args.place.is_cluster() {
            true => Self::There(in_cluster::attach(&args.place).await?),
            false => Self::Here(Box::new(Running::find(project).await?)),
        })
    }

    async fn prometheus(&self) -> Result<(Prometheus, Clock)> {
        match self {
            Self::Here(stage) => {
                let status = stage.status().await?;
                let url =
                    status.urls.prometheus.ok_or_else(|| anyhow!("the stage has no Prometheus"))?;
                Ok((Prometheus::new(&url), status.clock))
            }
            Self::There(stage) => Ok((setup::prometheus(&**stage), stage.place().clock)),
        }
    }

    async fn apply(&self, release: &Release) -> Result<()> {
        match self {
            Self::Here(stage) => {
                stage.carry_out(&Request::Apply { files: release.files().to_vec() }).await
            }
            Self::There(stage) => {
                stage.apply(release.files(), &BTreeMap::new()).await?;
                Ok(())
            }
        }
    }

    async fn status(&self) -> Result<Snapshot> {
        Ok(match self {
            Self::Here(stage) => stage.status().await?.stage,
            Self::There(stage) => (*stage.status().await?).clone(),
        })
    }
}
