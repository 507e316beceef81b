//! `tale set deployment/NAME KEY=VALUE`: `kubectl set env` on the stage that runs, and the wait for
//! the roll-out.

use std::process::ExitCode;

use anyhow::{Result, bail, ensure};
use stage::NamespacedName;

use crate::cli::Set;
use crate::control::{Request, Running};
use crate::folders::Project;
use crate::nearest::or_nearest;

/// Sets variables of a Deployment, and returns when its new pods are ready.
///
/// # Errors
/// No stage is running, it has no such Deployment, or the roll-out does not end.
pub async fn run(project: &Project, args: &Set) -> Result<ExitCode> {
    let deployment = deployment(&args.deployment)?;
    let stage = Running::find(project).await?;
    let known = stage.status().await?.stage.deployments;
    let known: Vec<String> = known.iter().map(|one| shown(&one.namespace, &one.name)).collect();
    let wanted = shown(&deployment.namespace, &deployment.name);
    let names: Vec<&str> = known.iter().map(String::as_str).collect();
    ensure!(
        known.contains(&wanted),
        "there is no Deployment `{wanted}` on this stage; {}",
        or_nearest(&wanted, &names)
    );
    let env = args.env.iter().cloned().collect();
    stage.carry_out(&Request::SetEnv { deployment, env }).await?;
    Ok(ExitCode::SUCCESS)
}

fn shown(namespace: &str, name: &str) -> String {
    match namespace {
        "default" => name.to_owned(),
        namespace => format!("{namespace}/{name}"),
    }
}

fn deployment(text: &str) -> Result<NamespacedName> {
    let parts: Vec<&str> = text.split('/').collect();
    Ok(match parts.as_slice() {
        ["deployment" | "deploy" | "deployments", name] => NamespacedName::new("default", *name),
        ["deployment" | "deploy" | "deployments", namespace, name] => {
            NamespacedName::new(*namespace, *name)
        }
        _ => bail!("`{text}`: only Deployments can be set; write deployment/NAME"),
    })
}
