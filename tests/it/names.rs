//! Every metric that a rule, an objective, a tale or a document names exists in a scrape.
#![allow(clippy::unwrap_used, reason = "a test has nobody to return an error to")]

use std::collections::BTreeSet;
use std::fs;

use e2e::{files, root};
use instrument::{Env, Service, StartError};
use prometheus::core::Collector as _;
use promql_parser::parser::{self, Expr};
use pull_limit_exporter::shown::Names;
use rocket::local::blocking::Client;
use rocket::{Build, Rocket};
use zone_exporter::finding::Latest;
use zone_exporter::shown::Findings;

/// What Prometheus itself makes.
const BY_PROMETHEUS: [&str; 3] = ["up", "ALERTS", "scrape_samples_scraped"];

/// What the stage's prober answers, as blackbox_exporter does.
const BY_THE_PROBER: [&str; 3] =
    ["probe_success", "probe_duration_seconds", "probe_http_status_code"];

/// What rules for other people's programs name: the Docker daemon's own metrics, and those of
/// kube-state-metrics.
const BY_OTHERS: [&str; 5] = [
    "engine_daemon_container_actions_seconds_bucket",
    "engine_daemon_health_checks_failed_total",
    "engine_daemon_health_checks_total",
    "kube_pod_container_status_waiting_reason",
    "kube_state_metrics_list_total",
];

#[test]
fn every_metric_named_anywhere_is_scraped_or_recorded() {
    let mut known: BTreeSet<String> = BY_PROMETHEUS.map(str::to_owned).into();
    known.extend(scraped("hello", hello::build));
    known.extend(scraped("dns-leaker", dns_leaker::build));
    known.extend(scraped("nameserver", nameserver::build));
    known.extend(scraped("orders", orders::build));
    known.extend(scraped("pull-limit-exporter", pull_limit_exporter::build));
    // The same holds of a registry.
    let said =
        pull_limit_exporter::shown::Findings::new(Default::default(), Names::Legacy).unwrap();
    known.extend(said.desc().into_iter().map(|description| description.fq_name.clone()));
    known.extend(scraped("registry", registry::build));
    known.extend(scraped("shop", shop::build));
    known.extend(load::metric_names());
    known.extend(scraped("zone-exporter", zone_exporter::build));
    // What it shows of a server exists only while there is a server.
    let findings = Findings::new(Latest::default()).unwrap();
    known.extend(findings.desc().into_iter().map(|description| description.fq_name.clone()));
    known.extend(BY_THE_PROBER.map(str::to_owned));
    known.extend(BY_OTHERS.map(str::to_owned));
    let rules = rules();
    known.extend(rules.iter().filter_map(|(record, _)| record.clone()));

    let mut queries: Vec<(String, String)> = Vec::new();
    queries.extend(rules.into_iter().map(|(_, expr)| ("a rule".to_owned(), expr)));
    for file in files(&root().join("tales"), "tale.yaml") {
        let folder = file.parent().and_then(std::path::Path::file_name).unwrap();
        let tale = tale::story::Tale::load(&root(), &folder.to_string_lossy()).unwrap();
        queries.extend(
            tale.queries()
                .map(|(field, query)| (format!("{}: {field}", tale.name), query.to_owned())),
        );
    }
    queries.extend(documented());
    assert!(queries.len() > 20, "only {} queries were found", queries.len());
    for (place, query) in queries {
        for name in names(&place, &query) {
            assert!(known.contains(&name), "{place} names {name}, which nobody exports: {query}");
        }
    }
}

/// What a service shows on `/metrics` after one request to each of its routes.
fn scraped(
    name: &'static str,
    build: fn(&mut Service) -> Result<Rocket<Build>, StartError>,
) -> BTreeSet<String> {
    let env = Env::of([("RESOLV_CONF", "/nonexistent/resolv.conf"), ("DNS_PORT", "0")]);
    let mut service = Service::new(name, env).unwrap();
    let business = Client::untracked(build(&mut service).unwrap()).unwrap();
    business.get("/").dispatch();
    let admin = Client::untracked(service.into_admin()).unwrap();
    let text = admin.get("/metrics").dispatch().into_string().unwrap();
    let samples = text.lines().filter(|line| !line.starts_with('#'));
    samples.filter_map(|line| Some(line.split(['{', ' ']).next()?.to_owned())).collect()
}

/// Record name and expression of every rule in the manifests.
fn rules() -> Vec<(Option<String>, String)> {
    let mut rules = Vec::new();
    for file in files(&root().join("manifests"), ".yaml") {
        let text = fs::read_to_string(&file).unwrap();
        if text.contains("kind: PrometheusRule") {
            let manifests = stage::manifest::Manifests::parse(&file, &text).unwrap();
            for rule in manifests
                .prometheus_rules
                .iter()
                .flat_map(|one| one.object.spec.groups.iter().flat_map(|group| &group.rules))
            {
                rules.push((rule.record.clone(), text_of(&rule.expr)));
            }
        }
    }
    assert!(!rules.is_empty());
    rules
}

fn text_of(expr: &stage::manifest::IntOrString) -> String {
    match expr {
        stage::manifest::IntOrString::Int(number) => number.to_string(),
        stage::manifest::IntOrString::Text(text) => text.clone(),
    }
}

/// PromQL blocks of the documents.
fn documented() -> Vec<(String, String)> {
    let mut queries = Vec::new();
    for file in files(&root(), ".md")
        .into_iter()
        .filter(|file| !file.to_string_lossy().contains("/golden/"))
    {
        let text = fs::read_to_string(&file).unwrap();
        for block in text.split("```promql\n").skip(1) {
            for query in block
                .split("```")
                .next()
                .unwrap_or_default()
                .lines()
                .filter(|line| !line.is_empty())
            {
                queries.push((file.display().to_string(), query.to_owned()));
            }
        }
    }
    queries
}

fn names(place: &str, query: &str) -> BTreeSet<String> {
    let expr = parser::parse(query).unwrap_or_else(|why| panic!("{place}: {query}: {why}"));
    let mut names = BTreeSet::new();
    collect(&expr, &mut names);
    names
}

fn collect(expr: &Expr, names: &mut BTreeSet<String>) {
    match expr {
        Expr::Aggregate(aggregate) => {
            collect(&aggregate.expr, names);
            if let Some(param) = &aggregate.param {
                collect(param, names);
            }
        }
        Expr::Unary(unary) => collect(&unary.expr, names),
        Expr::Binary(binary) => {
            collect(&binary.lhs, names);
            collect(&binary.rhs, names);
        }
        Expr::Paren(paren) => collect(&paren.expr, names),
        Expr::Subquery(subquery) => collect(&subquery.expr, names),
        Expr::VectorSelector(selector) => names.extend(selector.name.clone()),
        Expr::MatrixSelector(selector) => names.extend(selector.vs.name.clone()),
        Expr::Call(call) => call.args.args.iter().for_each(|arg| collect(arg, names)),
        Expr::NumberLiteral(_) | Expr::StringLiteral(_) | Expr::Extension(_) => {}
    }
}
