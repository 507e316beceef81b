//! The current context of kubectl, which tells what kind of cluster it is.

use std::path::PathBuf;

use serde::Deserialize;

#[derive(Deserialize)]
struct Kubeconfig {
    #[serde(rename = "current-context")]
    current_context: Option<String>,
}

/// Its name, as kubectl finds it: in the first file of `KUBECONFIG` that names one, or else in
/// `~/.kube/config`.
pub(super) fn current() -> Option<String> {
    let listed = std::env::var_os("KUBECONFIG").filter(|list| !list.is_empty());
    let files: Vec<PathBuf> = match listed {
        Some(list) => std::env::split_paths(&list).collect(),
        None => vec![PathBuf::from(std::env::var_os("HOME")?).join(".kube/config")],
    };
    let context = |file: &PathBuf| {
        let text = std::fs::read_to_string(file).ok()?;
        let config: Kubeconfig = serde_saphyr::from_str(&text).ok()?;
        config.current_context.filter(|name| !name.is_empty())
    };
    files.iter().find_map(context)
}
