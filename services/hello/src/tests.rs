//! What `hello` promises, asked over Rocket's local client: no sockets, milliseconds.

use instrument::{Env, Service};
use prometheus::Registry;
use rocket::http::Status;
use rocket::local::blocking::Client;

use crate::metrics::{NAME_COUNTER, OTHER};

fn hello<const N: usize>(settings: [(&str, &str); N]) -> (Client, Registry) {
    let mut service = Service::new("hello", Env::of(settings)).unwrap();
    let rocket = crate::build(&mut service).unwrap();
    (Client::untracked(rocket).unwrap(), service.registry)
}

/// The greetings counted under a name, if it has a series.
fn greetings(registry: &Registry, name: &str) -> Option<f64> {
    let families = registry.gather();
    let family = families.iter().find(|family| family.name() == NAME_COUNTER).unwrap();
    let metrics = family.get_metric();
    let metric = metrics.iter().find(|metric| metric.get_label()[0].value() == name)?;
    Some(metric.get_counter().get_value())
}

#[test]
fn a_greeting_is_said_and_counted() {
    let (client, registry) = hello([]);
    let answer = client.get("/hello/michael").dispatch();
    assert_eq!(answer.into_string().unwrap(), "Hello, michael!\n");
    let answer = client.get("/hello/michael?caps=true").dispatch();
    assert_eq!(answer.into_string().unwrap(), "Hello, MICHAEL!\n");
    assert_eq!(greetings(&registry, "michael"), Some(2.0));
}

#[test]
fn names_beyond_the_limit_are_counted_as_other_and_known_ones_go_on() {
    let (client, registry) = hello([("NAMES_MAX", "2")]);
    for name in ["ada", "grace", "linus", "ada", "dennis"] {
        client.get(format!("/hello/{name}")).dispatch();
    }
    assert_eq!(greetings(&registry, "ada"), Some(2.0));
    assert_eq!(greetings(&registry, OTHER), Some(2.0));
    assert_eq!(greetings(&registry, "linus"), None);
}

#[test]
fn a_name_longer_than_anybodys_gets_no_series() {
    let (client, registry) = hello([]);
    client.get(format!("/hello/{}", "x".repeat(65))).dispatch();
    assert_eq!(greetings(&registry, OTHER), Some(1.0));
}

#[test]
fn a_name_that_is_not_text_is_answered_and_breaks_nothing() {
    let (client, _) = hello([]);
    assert_eq!(client.get("/hello/%ff%fe").dispatch().status(), Status::Ok);
    assert_eq!(client.get("/hello/ada").dispatch().status(), Status::Ok);
}

#[test]
fn a_limit_that_is_not_a_number_is_refused_with_its_name() {
    let mut service = Service::new("hello", Env::of([("NAMES_MAX", "-1")])).unwrap();
    let error = crate::build(&mut service).unwrap_err();
    assert!(error.to_string().contains("NAMES_MAX"), "{error}");
}
