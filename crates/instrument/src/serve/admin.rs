//! The admin server: what operators and Prometheus ask, on a port and a thread of its own.
//!
//! An overloaded service must stay observable, so these routes share neither the port (whose
//! connections may all be taken) nor the worker threads (which may all be busy) with the business.
//! They are not counted either: scrapes and probes are nobody's traffic, and would flatter every
//! SLO.

use prometheus::Registry;
use rocket::fairing::{Fairing, Info, Kind};
use rocket::http::{ContentType, Method, Status};
use rocket::{Build, Data, Request, Rocket, State, get, routes, uri};

use super::readiness::Readiness;
use crate::memory::profile;
use crate::signals;

/// What the admin routes need.
pub(super) struct Admin {
    /// The service's name, in the title of the flame graph.
    pub(super) name: &'static str,
    pub(super) registry: Registry,
    pub(super) readiness: Readiness,
    /// Control routes answer other machines, too.
    pub(super) anybody: bool,
}

impl Admin {
    pub(super) fn mount(self, rocket: Rocket<Build>) -> Rocket<Build> {
        let anybody = self.anybody;
        let rocket = if anybody { rocket } else { rocket.attach(OnThisMachine) };
        let routes = routes![metrics, healthz, readyz, heap, flamegraph, forbidden];
        rocket.manage(self).mount("/", routes)
    }
}

/// Lets nobody change anything who is not on this machine: a switch for bugs, or for memory, is a
/// weapon in the hands of another pod. `kubectl port-forward` and `kubectl exec` come from within
/// the pod.
struct OnThisMachine;

#[rocket::async_trait]
impl Fairing for OnThisMachine {
    fn info(&self) -> Info {
        Info { name: "control from this machine only", kind: Kind::Request }
    }

    async fn on_request(&self, request: &mut Request<'_>, _: &mut Data<'_>) {
        let reads = matches!(request.method(), Method::Get | Method::Head | Method::Options);
        // Without a peer it is a test's request, which has no network.
        let here = request.remote().is_none_or(|peer| peer.ip().to_canonical().is_loopback());
        if !reads && !here {
            request.set_method(Method::Get);
            request.set_uri(uri!(forbidden));
        }
    }
}

/// Where requests end up that may not change anything.
#[get("/control-is-for-this-machine")]
fn forbidden() -> (Status, &'static str) {
    const WHY: &str = "control routes answer this machine only: use `kubectl port-forward`, or set ADMIN_CONTROL=true\n";
    (Status::Forbidden, WHY)
}

/// The metrics, in Prometheus' text format.
#[get("/metrics")]
fn metrics(admin: &State<Admin>) -> Result<(ContentType, Vec<u8>), (Status, String)> {
    signals::text(&admin.registry)
}

/// The process is alive. Says nothing about whether it is any use: see `/readyz`.
#[get("/healthz")]
fn healthz() -> &'static str {
    "ok\n"
}

/// The service wants traffic: it listens, and nobody has asked it to stop.
#[get("/readyz")]
fn readyz(admin: &State<Admin>) -> (Status, &'static str) {
    if admin.readiness.is_ready() {
        (Status::Ok, "ready\n")
    } else {
        (Status::ServiceUnavailable, "not ready: starting or stopping\n")
    }
}

/// The heap as pprof: `go tool pprof http://localhost:9000/debug/pprof/heap`, Parca, Pyroscope.
#[get("/debug/pprof/heap")]
async fn heap() -> Result<(ContentType, Vec<u8>), (Status, String)> {
    match profile::pprof().await {
        Ok(gzip) => Ok((ContentType::Binary, gzip)),
        Err(why) => Err(no_profile(&why)),
    }
}

/// The heap as a flame graph, to look at in a browser.
#[get("/debug/flamegraph")]
async fn flamegraph(admin: &State<Admin>) -> Result<(ContentType, Vec<u8>), (Status, String)> {
    match profile::flamegraph(admin.name).await {
        Ok(svg) => Ok((ContentType::SVG, svg)),
        Err(why) => Err(no_profile(&why)),
    }
}

fn no_profile(why: &profile::NoProfile) -> (Status, String) {
    let status = if why.is_busy() { Status::ServiceUnavailable } else { Status::NotFound };
    (status, format!("{why}\n"))
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use rocket::http::Status;
    use rocket::local::blocking::Client;
    use rocket::{put, routes};

    use crate::env::Env;
    use crate::serve::Service;

    #[put("/switch")]
    fn switch() -> &'static str {
        "switched\n"
    }

    /// Statuses of a control route, and of the metrics, when asked from somewhere.
    fn asked_from(peer: &str, env: Env) -> (Status, Status) {
        let mut service = Service::new("test", env).unwrap();
        service.control(|admin| admin.mount("/", routes![switch]));
        let client = Client::untracked(service.into_admin()).unwrap();
        let peer: SocketAddr = peer.parse().unwrap();
        let control = client.put("/switch").remote(peer).dispatch().status();
        (control, client.get("/metrics").remote(peer).dispatch().status())
    }

    #[test]
    fn only_this_machine_may_change_something_and_others_may_look() {
        let other = asked_from("10.1.2.3:5", Env::of([]));
        assert_eq!(other, (Status::Forbidden, Status::Ok));
        for own in ["127.1.2.3:5", "[::1]:5", "[::ffff:127.0.0.1]:5"] {
            assert_eq!(asked_from(own, Env::of([])), (Status::Ok, Status::Ok), "{own}");
        }
        let anybody = Env::of([("ADMIN_CONTROL", "true")]);
        assert_eq!(asked_from("10.1.2.3:5", anybody), (Status::Ok, Status::Ok));
    }
}
