//! How an archive gets to where pods are run from: with the tool that the cluster came with.

use std::fmt;
use std::path::Path;
use std::process::Command;

/// Where images are put.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// Docker's, podman's or nerdctl's own store.
    Engine(&'static str),
    /// The nodes of a kind cluster.
    Kind(String),
    /// The nodes of a k3d cluster.
    K3d(String),
    /// The node of this minikube profile.
    Minikube(String),
    /// The containerd of k3s on this machine.
    K3s,
    /// The containerd of a kubelet on this machine, at this socket.
    Containerd(String),
}

/// Where containerd listens unless it is told otherwise.
const CONTAINERD: &str = "/run/containerd/containerd.sock";

impl Target {
    /// What a word on the command line means: `kind`, `kind:NAME`, `k3d:NAME`, `minikube`, `k3s`,
    /// `containerd`, `containerd:/path/to.sock`, `docker`, `podman` or `nerdctl`.
    ///
    /// # Errors
    /// It means nothing; the known words are listed.
    pub fn parse(word: &str) -> Result<Self, String> {
        let (kind, name) = word.split_once(':').unwrap_or((word, ""));
        let or = |default: &str| if name.is_empty() { default.to_owned() } else { name.to_owned() };
        match kind {
            "kind" => Ok(Self::Kind(or("kind"))),
            "k3d" => Ok(Self::K3d(or("k3s-default"))),
            "minikube" => Ok(Self::Minikube(or("minikube"))),
            "k3s" => Ok(Self::K3s),
            "containerd" => Ok(Self::Containerd(or(CONTAINERD))),
            "docker" => Ok(Self::Engine("docker")),
            "podman" => Ok(Self::Engine("podman")),
            "nerdctl" => Ok(Self::Engine("nerdctl")),
            _ => Err(format!(
                "`{word}` is none of kind[:NAME], k3d[:NAME], minikube[:NAME], k3s, \
                 containerd[:SOCKET], docker, podman, nerdctl"
            )),
        }
    }

    /// The one that a kubeconfig's context speaks of, by the names that these tools give:
    /// `kind-NAME`, `k3d-NAME`, `minikube`. Others cannot be known.
    pub fn of_context(context: &str) -> Option<Self> {
        if let Some(name) = context.strip_prefix("kind-") {
            return Some(Self::Kind(name.to_owned()));
        }
        if let Some(name) = context.strip_prefix("k3d-") {
            return Some(Self::K3d(name.to_owned()));
        }
        (context == "minikube").then(|| Self::Minikube("minikube".to_owned()))
    }

    /// The command that puts an archive there.
    pub fn command(&self, archive: &Path) -> Command {
        let (program, before): (&str, Vec<&str>) = match self {
            Self::Engine(engine) => (engine, vec!["load", "--input"]),
            Self::Kind(name) => ("kind", vec!["load", "image-archive", "--name", name]),
            Self::K3d(name) => ("k3d", vec!["image", "import", "--cluster", name]),
            Self::Minikube(name) => ("minikube", vec!["--profile", name, "image", "load"]),
            // A kubelet's images live in containerd's namespace k8s.io; elsewhere it sees none.
            Self::K3s => ("k3s", vec!["ctr", "--namespace", "k8s.io", "images", "import"]),
            Self::Containerd(socket) => {
                ("ctr", vec!["--address", socket, "--namespace", "k8s.io", "images", "import"])
            }
        };
        let mut command = Command::new(program);
        command.args(before).arg(archive);
        command
    }

    /// The command that pushes an archive to a registry, with the first of skopeo and crane that
    /// `is_there`. Both take their passwords from where `docker login` puts them.
    pub fn push(archive: &Path, to: &str, is_there: impl Fn(&str) -> bool) -> Option<Command> {
        let tool = ["skopeo", "crane"].into_iter().find(|tool| is_there(tool))?;
        let mut command = Command::new(tool);
        if tool == "skopeo" {
            let from = format!("oci-archive:{}", archive.display());
            command.args(["copy", &from, &format!("docker://{to}")]);
        } else {
            command.arg("push").arg(archive).arg(to);
        }
        Some(command)
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Engine(engine) => f.write_str(engine),
            Self::Kind(name) => write!(f, "the kind cluster {name}"),
            Self::K3d(name) => write!(f, "the k3d cluster {name}"),
            Self::Minikube(name) => write!(f, "the minikube profile {name}"),
            Self::K3s => f.write_str("k3s"),
            Self::Containerd(socket) => write!(f, "containerd at {socket}"),
        }
    }
}
