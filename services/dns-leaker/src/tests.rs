//! What `dns-leaker` promises. Exact bytes are in `tests/`: counting them needs a process without
//! anything else in it.

use instrument::faults::Faults;
use instrument::{Env, Service};
use prometheus::Registry;
use rocket::http::{ContentType, Status};
use rocket::local::asynchronous::Client;

use crate::leak::{Kind, Leak};
use crate::metrics::Metrics;

async fn clients<const N: usize>(settings: [(&str, &str); N]) -> (Client, Client, Registry) {
    let mut service = Service::new("dns-leaker", Env::of(settings)).unwrap();
    let rocket = crate::build(&mut service).unwrap();
    let registry = service.registry.clone();
    let business = Client::untracked(rocket).await.unwrap();
    let admin = Client::untracked(service.into_admin()).await.unwrap();
    (business, admin, registry)
}

fn value(registry: &Registry, name: &str, label: Option<&str>) -> f64 {
    let families = registry.gather();
    let family = families.iter().find(|family| family.name() == name).unwrap();
    let metrics = family.get_metric().iter();
    let mut metric =
        metrics.filter(|metric| label.is_none_or(|label| metric.get_label()[0].value() == label));
    let metric = metric.next_back().unwrap();
    metric.get_gauge().get_value() + metric.get_counter().get_value()
}

#[rocket::async_test]
async fn a_failed_lookup_leaks_as_configured_and_the_switch_stops_it() {
    let missing = ("RESOLV_CONF", "/nonexistent/resolv.conf");
    let (business, admin, registry) =
        clients([missing, ("LEAK_KIND", "hoard"), ("LEAK_BYTES", "1000")]).await;
    assert_eq!(value(&registry, "fault_active", Some("leak_hoard")), 1.0);
    assert_eq!(business.get("/resolve/o11y.love").dispatch().await.status(), Status::BadGateway);
    assert_eq!(value(&registry, "leaked_bytes", None), 1000.0);
    assert_eq!(value(&registry, "dns_lookups_total", Some("other")), 1.0);

    let off = admin.put("/leak").body(r#"{"kind": "off"}"#).dispatch().await;
    assert_eq!(off.status(), Status::Ok);
    assert_eq!(value(&registry, "leaked_bytes", None), 0.0, "the map was emptied");
    assert_eq!(value(&registry, "fault_active", Some("leak_hoard")), 0.0);
    business.get("/resolve/o11y.love").dispatch().await;
    assert_eq!(value(&registry, "leaked_bytes", None), 0.0);
}

#[rocket::async_test]
async fn the_switch_refuses_what_it_does_not_know_and_changes_nothing() {
    let (_, admin, _) = clients([]).await;
    let huge = format!(r#"{{"kind": "{}"}}"#, "x".repeat(10 << 20));
    for body in [
        r#"{"kind": "sieve"}"#,
        r#"{"kind": "forget", "bytes": -5}"#,
        r#"{"kind": "forget", "bytes": 0}"#,
        r#"{"kind": "forget", "bytes": 99999999999}"#,
        r#"{"kind": "forget", "byte": 5}"#,
        "forget",
        "",
        &huge,
    ] {
        let answer = admin.put("/leak").header(ContentType::JSON).body(body).dispatch().await;
        assert_eq!(answer.status(), Status::UnprocessableEntity);
        let why = answer.into_string().await.unwrap();
        assert!(why.contains("send e.g.") && why.lines().count() == 1, "{why}");
    }
    let state: serde_json::Value = admin.get("/leak").dispatch().await.into_json().await.unwrap();
    assert_eq!(state["kind"], "off");
    assert_eq!(state["bytes"], 10240);
}

#[rocket::async_test]
async fn wrong_settings_are_refused_with_name_and_remedy() {
    for (name, value, remedy) in [
        ("LEAK_KIND", "sieve", "off, forget, cycle, hoard, task"),
        ("LEAK_BYTES", "-5", "e.g. 10240"),
        ("LEAK_BYTES", "99999999999", "LEAK_BUDGET_BYTES"),
        ("LEAK_BUDGET_BYTES", "lots", "bytes"),
        ("LOOKUPS_PER_SECOND", "-1", "0 for none"),
        ("RESOLV_PORT", "0", "1 to 65535"),
    ] {
        let mut service = Service::new("dns-leaker", Env::of([(name, value)])).unwrap();
        let error = crate::build(&mut service).unwrap_err().to_string();
        assert!(error.contains(name) && error.contains(remedy), "{error}");
    }
}

#[rocket::async_test]
async fn the_budget_ends_every_leak_and_a_metric_says_so() {
    for (kind, _) in Kind::FAULTS {
        let registry = Registry::new();
        let metrics = Metrics::register(&registry, 1000).unwrap();
        let leak = Leak::new(1000, metrics, Faults::register(&registry).unwrap());
        leak.switch(kind, 300).unwrap();
        for _ in 0..10 {
            leak.lookup_failed();
        }
        assert_eq!(leak.status().leaked_bytes, 900, "{kind:?}");
        assert_eq!(value(&registry, "leak_budget_exhausted", None), 1.0);
        assert_eq!(value(&registry, "leak_budget_bytes", None), 1000.0);
    }
}

#[rocket::async_test]
async fn switching_off_gives_back_what_hoard_and_task_hold_but_not_what_forget_and_cycle_lost() {
    for (kind, left) in [(Kind::Forget, 900), (Kind::Cycle, 900), (Kind::Hoard, 0), (Kind::Task, 0)]
    {
        let registry = Registry::new();
        let metrics = Metrics::register(&registry, 1 << 20).unwrap();
        let leak = Leak::new(1 << 20, metrics, Faults::register(&registry).unwrap());
        leak.switch(kind, 300).unwrap();
        (0..3).for_each(|_| leak.lookup_failed());
        leak.switch(Kind::Off, 300).unwrap();
        assert_eq!(leak.status().leaked_bytes, left, "{kind:?}");
    }
}
