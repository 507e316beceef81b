//! What to try on a stage that came up.

use std::path::Path;

use stage::Snapshot;

use crate::pages::Pages;

/// What to ask an app, and how to break it: the app, a path of its Service, an experiment.
const FIRST_STEPS: [(&str, &str, &str); 3] = [
    ("hello", "/hello/michael?caps=true", ""),
    ("dns-leaker", "/resolve/o11y.love", "chaos-experiments/dns-leak/dns-error.yaml"),
    ("shop", "/price/tea", "chaos-experiments/sre/cpu-overload.yaml"),
];

/// What to ask Prometheus about an app.
const QUERIES: [(&str, &str); 2] = [
    ("hello", "topk(3, name_counter)"),
    ("hello", "sum by (endpoint) (rate(rocket_http_requests_total{job=\"hello\"}[5s]))"),
];

/// The commands to try next.
pub(super) fn text(root: &Path, stage: &Snapshot, pages: &Pages) -> String {
    let mut lines = vec!["next:".to_owned()];
    for (app, path, experiment) in FIRST_STEPS {
        let service = stage.services.iter().find(|service| service.name == app);
        let Some((service, ip)) = service.and_then(|service| Some((service, service.ip?))) else {
            continue;
        };
        // Business first, admin last: as the manifests have it, wherever the stage put them.
        let (Some(http), Some(admin)) = (service.ports.first(), service.ports.last()) else {
            continue;
        };
        lines.push(format!("  curl 'http://{ip}:{http}{path}'"));
        lines.push(format!("  curl http://{ip}:{admin}/metrics"));
        let queries = QUERIES.iter().filter(|(of, _)| *of == app);
        let graphs = queries.filter_map(|(_, query)| Some((query, pages.graph(query)?)));
        lines.extend(graphs.map(|(query, url)| format!("  {query}\n    {url}")));
        if !experiment.is_empty() && root.join(experiment).exists() {
            lines.push(format!("  ./tale chaos apply {experiment}"));
        }
    }
    let verbs = ["status", "alerts", "inbox", "logs POD -f", "chaos get", "down"];
    lines.extend(verbs.map(|verb| format!("  ./tale {verb}")));
    lines.join("\n")
}
