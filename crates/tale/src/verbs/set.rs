//! `tale set deployment/NAME KEY=VALUE`: `kubectl set env` on the stage that runs, and the wait for
//! the roll-out.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Result, bail, ensure};
use stage::{DeploymentStatus, NamespacedName};

use crate::cli::Set;
use crate::control::{Request, Running};
use crate::folders::Project;
use crate::in_cluster;
use crate::nearest::or_nearest;

/// The longest that a roll-out in a cluster may take.
const ROLL_OUT: Duration = Duration::from_secs(60);

/// Sets variables of a Deployment, and returns when its new pods are ready.
///
/// # Errors
/// No stage is running, it has no such Deployment, or the roll-out does not end.
pub async fn run(project: &Project, args: &Set) -> Result<ExitCode> {
    let cluster = args.place.is_cluster();
    let namespace = if cluster { args.place.namespace.as_str() } else { "default" };
    let deployment = deployment(&args.deployment, namespace)?;
    let env = args.env.iter().cloned().collect();
    if cluster {
        let stage = in_cluster::attach(&args.place).await?;
        let known = stage.status().await?.deployments.clone();
        check(&deployment, &known)?;
        stage.set_env(&deployment, &env).await?;
        stage.wait_ready(&deployment, ROLL_OUT).await?;
    } else {
        let stage = Running::find(project).await?;
        check(&deployment, &stage.status().await?.stage.deployments)?;
        stage.carry_out(&Request::SetEnv { deployment, env }).await?;
    }
    Ok(ExitCode::SUCCESS)
}

/// A Deployment that is not there is named, and the nearest that is.
fn check(deployment: &NamespacedName, known: &[DeploymentStatus]) -> Result<()> {
    let known: Vec<String> = known.iter().map(|one| shown(&one.namespace, &one.name)).collect();
    let wanted = shown(&deployment.namespace, &deployment.name);
    let names: Vec<&str> = known.iter().map(String::as_str).collect();
    ensure!(
        known.contains(&wanted),
        "there is no Deployment `{wanted}` on this stage; {}",
        or_nearest(&wanted, &names)
    );
    Ok(())
}

fn shown(namespace: &str, name: &str) -> String {
    match namespace {
        "default" => name.to_owned(),
        namespace => format!("{namespace}/{name}"),
    }
}

fn deployment(text: &str, namespace: &str) -> Result<NamespacedName> {
    let parts: Vec<&str> = text.split('/').collect();
    Ok(match parts.as_slice() {
        ["deployment" | "deploy" | "deployments", name] => NamespacedName::new(namespace, *name),
        ["deployment" | "deploy" | "deployments", namespace, name] => {
            NamespacedName::new(*namespace, *name)
        }
        _ => bail!("`{text}`: only Deployments can be set; write deployment/NAME"),
    })
}
