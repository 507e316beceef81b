//! Bringing the archive to where a kubelet finds it: with the tool of the cluster, or to a registry.

use std::path::Path;
use std::process::Stdio;

use tokio::process::Command;

use super::Image;
use crate::error::ClusterError;

/// Where an archive can be brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// A cluster of kind.
    Kind,
    /// A cluster of k3d.
    K3d,
    /// k3s on this machine.
    K3s,
    /// A cluster of minikube.
    Minikube,
    /// containerd on this machine, as Kubernetes uses it.
    Containerd,
    /// docker on this machine.
    Docker,
}

impl Target {
    /// The kind of cluster that a context's name tells of.
    pub fn of_context(context: &str) -> Option<Self> {
        match context {
            "minikube" => Some(Self::Minikube),
            _ if context.starts_with("kind-") => Some(Self::Kind),
            _ if context.starts_with("k3d-") => Some(Self::K3d),
            _ => None,
        }
    }

    /// The command, as somebody would type it.
    pub fn command(self, archive: &Path, context: &str) -> Vec<String> {
        let file = archive.display().to_string();
        let cluster = context.split_once('-').map_or(context, |(_, name)| name);
        let words: Vec<&str> = match self {
            Self::Kind => vec!["kind", "load", "image-archive", &file, "--name", cluster],
            Self::K3d => vec!["k3d", "image", "import", &file, "--cluster", cluster],
            Self::K3s => vec!["k3s", "ctr", "images", "import", &file],
            Self::Minikube => vec!["minikube", "image", "load", &file],
            Self::Containerd => vec!["ctr", "--namespace", "k8s.io", "images", "import", &file],
            Self::Docker => vec!["docker", "load", "--input", &file],
        };
        words.into_iter().map(str::to_owned).collect()
    }
}

/// Runs the command that brings the archive there.
///
/// # Errors
/// The tool is missing, or fails.
pub async fn load(image: &Image, into: Target, context: &str) -> Result<(), ClusterError> {
    run(&into.command(&image.archive, context)).await
}

/// Copies the archive to a registry, under a name of its own there. Returns that name.
///
/// # Errors
/// None of the tools is there, or it fails.
pub async fn push(image: &Image, repository: &str) -> Result<String, ClusterError> {
    let tag = image.reference.rsplit(':').next().unwrap_or("latest");
    let name = format!("{}:{tag}", repository.trim_end_matches('/'));
    let file = image.archive.display().to_string();
    let skopeo = vec![
        "skopeo".to_owned(),
        "copy".to_owned(),
        format!("oci-archive:{file}"),
        format!("docker://{name}"),
    ];
    let crane = vec!["crane".to_owned(), "push".to_owned(), file, name.clone()];
    let tools = [skopeo, crane];
    let there = tools.iter().find(|command| on_path(&command[0]));
    let command = there.ok_or_else(|| {
        ClusterError::Image(
            "neither skopeo nor crane is installed; run `apt-get install skopeo`".to_owned(),
        )
    })?;
    run(command).await?;
    Ok(name)
}

fn on_path(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
}

async fn run(command: &[String]) -> Result<(), ClusterError> {
    let shown = command.join(" ");
    let status = Command::new(&command[0])
        .args(&command[1..])
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .status()
        .await
        .map_err(|why| {
            ClusterError::Image(format!("cannot run `{shown}`: {why}; install {}", command[0]))
        })?;
    if status.success() {
        return Ok(());
    }
    Err(ClusterError::Image(format!("`{shown}` failed ({status}); its own words are above")))
}
