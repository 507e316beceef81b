//! What the services promise to those who read their metrics.

use std::collections::BTreeMap;

use instrument::{Env, Service, StartError};
use rocket::http::Method;
use rocket::local::blocking::Client;
use rocket::{Build, Rocket};

type Ask = (Method, &'static str, &'static str);
type Builder = fn(&mut Service) -> Result<Rocket<Build>, StartError>;

/// Every service, and one request for each of its routes: `GET` and a path, or another method, path
/// and body.
const SERVICES: [(&str, Builder, &[Ask]); 8] = [
    (
        "hello",
        hello::build,
        &[(Method::Get, "/", ""), (Method::Get, "/hello/ada?caps=true", ""), NOWHERE],
    ),
    ("dns-leaker", dns_leaker::build, &[(Method::Get, "/resolve/o11y.love", ""), NOWHERE]),
    ("nameserver", nameserver::build, &[(Method::Get, "/", ""), NOWHERE]),
    (
        "orders",
        orders::build,
        &[
            (Method::Get, "/orders/price/tea", ""),
            (Method::Get, "/orders/0", ""),
            (Method::Post, "/orders", r#"{"item": "tea", "quantity": 1}"#),
            (Method::Post, "/orders", "made up"),
            (Method::Post, "/rpc", r#"{"jsonrpc": "2.0", "method": "made up", "id": 1}"#),
            (Method::Post, "/rpc", "made up"),
            (Method::Get, "/orders/watch", ""),
            (Method::Get, "/openapi.yaml", ""),
            NOWHERE,
        ],
    ),
    (
        "pull-limit-exporter",
        pull_limit_exporter::build,
        &[
            (Method::Get, "/", ""),
            (Method::Get, "/probe", ""),
            (Method::Get, "/probe?target=http://127.0.0.1:1/shop:v1", ""),
            NOWHERE,
        ],
    ),
    (
        "registry",
        registry::build,
        &[
            (Method::Get, "/", ""),
            (Method::Get, "/token", ""),
            (Method::Get, "/v2/", ""),
            (Method::Head, "/v2/shop/manifests/v1", ""),
            (Method::Post, "/v2/shop/blobs/uploads/", ""),
            (Method::Patch, "/v2/shop/blobs/uploads/1", ""),
            (Method::Put, "/v2/shop/manifests/v1", "{}"),
            (Method::Delete, "/v2/shop/manifests/v1", ""),
            NOWHERE,
        ],
    ),
    (
        "shop",
        shop::build,
        &[
            (Method::Get, "/", ""),
            (Method::Get, "/price/tea", ""),
            (Method::Get, "/version", ""),
            NOWHERE,
        ],
    ),
    (
        "zone-exporter",
        zone_exporter::build,
        &[
            (Method::Get, "/", ""),
            (Method::Get, "/probe", ""),
            (Method::Get, "/probe?zone=tale.example&server=127.0.0.1:1", ""),
            NOWHERE,
        ],
    ),
];

const NOWHERE: Ask = (Method::Get, "/nowhere", "");

/// Labels whose values are a closed set, with the set. `endpoint` is checked against the routes,
/// `name` is the lesson of `hello` about a label that is not closed but capped.
const LABELS: [(&str, &[&str]); 14] = [
    (
        "method",
        &[
            "GET",
            "PUT",
            "POST",
            "DELETE",
            "HEAD",
            "PATCH",
            "unknown",
            "orders.get",
            "orders.create",
            "orders.price",
        ],
    ),
    ("code", &["ok", "-32700", "-32600", "-32601", "-32602", "-32603", "-32000", "-32001"]),
    ("peer", &["orders", "upstream"]),
    ("what", &["manifest", "blob"]),
    (
        "reason",
        &[
            "no_response",
            "client_left",
            "body_failed",
            // of connections
            "too_many",
            "too_many_from_address",
            "made_room",
            "idle",
            "slow_head",
            "slow_body",
            "long_body",
            "many_bodies",
            "slow_answer",
            "slow_reader",
            // of the nameserver
            "no_question",
            "malformed",
            "not_implemented",
            "not_ours",
            "bad_key",
            "transfer",
            "notify",
            "connection",
            "spoofed",
            "panicked",
            // of probes
            "not_found",
            "timeout",
            "unreachable",
            "refused",
            "servfail",
            "rcode",
            "not_authoritative",
            "no_soa",
            "tls",
            "unauthorized",
            "no_image",
            "too_many_requests",
            "status",
        ],
    ),
    ("transport", &["udp", "tcp"]),
    ("type", &["A", "SOA"]),
    ("rcode", &["NOERROR", "SERVFAIL"]),
    ("direction", &["in", "out"]),
    ("kind", &["axfr", "ixfr"]),
    (
        "result",
        &[
            "ok",
            "servfail",
            "nxdomain",
            "no_data",
            "timeout",
            "refused",
            "other",
            // of calls to another service
            "2xx",
            "3xx",
            "4xx",
            "5xx",
            "dns",
            "connect", // of the shop
            "not_found",
            "failed",
            // of the registry
            "counted",
            "free",
            "hit",
            "miss",
            "stale",
        ],
    ),
    (
        "fault",
        &[
            "leak_forget",
            "leak_cycle",
            "leak_hoard",
            "leak_task",
            "work_inline",
            "work_thread_per_request",
            "watch_unbounded",
            "connections_vulnerable",
            "transfers_refused",
            "frozen",
        ],
    ),
    (
        "status",
        &["200", "201", "202", "400", "403", "404", "405", "422", "500", "502", "503", "504"],
    ),
    ("name", &["other", "ada"]),
];

#[test]
fn every_metric_has_help_a_unit_and_labels_from_closed_sets() {
    let closed = BTreeMap::from(LABELS);
    for (name, build, requests) in SERVICES {
        let env = Env::of([
            ("RESOLV_CONF", "/nonexistent/resolv.conf"),
            ("LEAK_KIND", "forget"),
            ("DNS_PORT", "0"),
        ]);
        let mut service = Service::new(name, env).unwrap();
        let registry = service.registry.clone();
        let client = Client::untracked(build(&mut service).unwrap()).unwrap();
        let mut endpoints: Vec<String> =
            client.rocket().routes().map(|route| route.uri.as_str().to_owned()).collect();
        endpoints.push("unmatched".to_owned());
        for (method, path, body) in requests {
            client.req(*method, *path).body(body).dispatch();
        }

        for family in registry.gather() {
            let metric = family.name();
            assert!(
                family.help().ends_with('.'),
                "{name}: HELP of {metric} is no sentence: {}",
                family.help()
            );
            assert!(has_unit(metric), "{name}: {metric} has no unit");
            for series in family.get_metric() {
                for label in series.get_label() {
                    let (key, value) = (label.name(), label.value());
                    let known = match key {
                        "endpoint" => endpoints.iter().any(|endpoint| endpoint == value),
                        _ => closed.get(key).is_some_and(|values| values.contains(&value)),
                    };
                    assert!(known, "{name}: {metric}{{{key}=\"{value}\"}} is not in a closed set");
                }
            }
        }
    }
}

/// Base units, counts of things that the name itself names, a serial, which has no unit, and names
/// that the talk fixed, or that are yes or no.
fn has_unit(metric: &str) -> bool {
    let units = [
        "_seconds",
        "_bytes",
        "_total",
        "_in_flight",
        "_open",
        "_waiting",
        "_fds",
        "_threads",
        "_active",
        "_watchers",
        "_connections_max",
    ];
    let fixed = [
        "name_counter",
        "leak_budget_exhausted",
        "orders_watch_budget_exhausted",
        "nameserver_zone_serial",
    ];
    fixed.contains(&metric) || units.iter().any(|unit| metric.ends_with(unit))
}
