//! What to try on a stage that came up.

use std::path::Path;

use stage::Snapshot;

/// What to ask an app, and how to break it: the app, a path of its Service, an experiment.
const FIRST_STEPS: [(&str, &str, &str); 2] = [
    ("dns-leaker", "/resolve/o11y.love", "chaos-experiments/dns-leak/dns-error.yaml"),
    ("shop", "/price/tea", "chaos-experiments/sre/cpu-overload.yaml"),
];

/// The commands to try next.
pub(super) fn text(root: &Path, stage: &Snapshot) -> String {
    let mut lines = vec!["next:".to_owned()];
    for (app, path, experiment) in FIRST_STEPS {
        let service = stage.services.iter().find(|service| service.name == app);
        let Some(ip) = service.and_then(|service| service.ip) else {
            continue;
        };
        lines.push(format!("  curl http://{ip}:8000{path}"));
        lines.push(format!("  curl http://{ip}:9000/metrics"));
        if root.join(experiment).exists() {
            lines.push(format!("  ./tale chaos apply {experiment}"));
        }
    }
    lines.extend(["status", "chaos get", "down"].map(|verb| format!("  ./tale {verb}")));
    lines.join("\n")
}
