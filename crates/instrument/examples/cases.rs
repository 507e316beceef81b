//! A service in which everything that can go wrong with a request does, on a route of its own. The
//! tests run it.

use std::process::ExitCode;

use instrument::{Service, StartError, Upload, traced, traced_catchers};
use rocket::fairing::{Fairing, Info, Kind};
use rocket::request::{FromRequest, Outcome};
use rocket::response::stream::{Event, EventStream, TextStream};
use rocket::serde::json::{Json, Value};
use rocket::tokio::time::{Duration, sleep};
use rocket::{
    Build, Data, Request, Response, Rocket, Shutdown, catch, catchers, get, post, routes,
};

fn main() -> ExitCode {
    instrument::run("cases", build)
}

fn build(service: &mut Service) -> Result<Rocket<Build>, StartError> {
    let routes = routes![
        ok,
        slow,
        number,
        json,
        broken,
        panics,
        big,
        stream,
        stream_panics,
        events,
        log,
        log_and_panic,
        keep,
        seen,
        count,
        first,
    ];
    service.stream(|_, path| path.starts_with("/streamed/"));
    let rocket = service.rocket().attach(PanickingFairing).mount("/", traced(routes));
    Ok(rocket.register("/log-and-panic", traced_catchers(catchers![caught])))
}

#[get("/ok")]
fn ok() -> &'static str {
    "ok"
}

#[get("/slow/<ms>")]
async fn slow(ms: u64) -> &'static str {
    sleep(Duration::from_millis(ms)).await;
    "slow"
}

#[get("/number/<n>")]
fn number(n: u8) -> String {
    n.to_string()
}

#[post("/json", data = "<value>")]
fn json(value: Json<Value>) -> Json<Value> {
    value
}

#[get("/broken")]
fn broken() -> rocket::http::Status {
    rocket::http::Status::ServiceUnavailable
}

#[get("/panics")]
fn panics() -> &'static str {
    panic!("the handler panics")
}

#[get("/big")]
fn big() -> Vec<u8> {
    vec![b'x'; 32 << 20]
}

#[get("/stream")]
fn stream() -> TextStream![&'static str] {
    TextStream! { for _ in 0..3 { yield "chunk\n"; } }
}

#[get("/stream-panics")]
fn stream_panics() -> TextStream![&'static str] {
    TextStream! {
        yield "chunk\n";
        sleep(Duration::from_millis(10)).await;
        panic!("the stream panics");
    }
}

#[get("/events")]
fn events(mut shutdown: Shutdown) -> EventStream![] {
    EventStream! {
        loop {
            yield Event::data("tick");
            rocket::tokio::select! {
                () = sleep(Duration::from_millis(20)) => {}
                () = &mut shutdown => break,
            }
        }
    }
}

/// Reads a body while it arrives.
#[post("/streamed/count", data = "<upload>")]
async fn count(mut upload: Upload<'_>) -> String {
    let mut bytes = 0;
    loop {
        match upload.next().await {
            Ok(Some(piece)) => bytes += piece.len(),
            Ok(None) => return format!("{bytes}\n"),
            Err(why) => return format!("{bytes}, and then {:?}\n", why.kind()),
        }
    }
}

/// Reads no more of it than its first bytes.
#[post("/streamed/first", data = "<upload>")]
async fn first(mut upload: Upload<'_>) -> &'static str {
    let _ = upload.next().await;
    "enough\n"
}

/// All that a route can see of a request.
#[post("/seen/<_..>", data = "<body>")]
async fn seen(request: Seen, body: Vec<u8>) -> String {
    let Seen(text) = request;
    format!("{text}{}\n", String::from_utf8_lossy(&body))
}

struct Seen(String);

#[rocket::async_trait]
impl<'r> FromRequest<'r> for Seen {
    type Error = std::convert::Infallible;

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, Self::Error> {
        let (method, uri, host) = (request.method(), request.uri(), request.host());
        let peer = request.remote().map(|peer| peer.ip());
        let mut text = format!("{method} {uri} {host:?} {peer:?}\n");
        let mut lines: Vec<String> =
            request.headers().iter().map(|header| format!("{header}\n")).collect();
        lines.extend(request.cookies().iter().map(|cookie| format!("cookie {cookie}\n")));
        lines.sort();
        text.extend(lines);
        Outcome::Success(Self(text))
    }
}

#[get("/keep/<bytes>")]
fn keep(bytes: usize) -> &'static str {
    keep_for_ever(bytes);
    "kept"
}

/// The name that a heap profile has to show.
#[inline(never)]
fn keep_for_ever(bytes: usize) {
    std::mem::forget(vec![1_u8; bytes]);
}

#[get("/log")]
fn log() -> &'static str {
    tracing::info!(answer = 42, "a line from the handler");
    "logged"
}

#[get("/log-and-panic")]
fn log_and_panic() -> &'static str {
    tracing::info!("before the panic");
    panic!("the handler panics")
}

#[catch(500)]
fn caught() -> &'static str {
    tracing::info!("in the catcher");
    "caught"
}

/// A fairing that somebody else wrote, attached after the golden signals.
struct PanickingFairing;

#[rocket::async_trait]
impl Fairing for PanickingFairing {
    fn info(&self) -> Info {
        Info { name: "panicking", kind: Kind::Request | Kind::Response }
    }

    async fn on_request(&self, request: &mut Request<'_>, _: &mut Data<'_>) {
        assert!(
            !request.uri().path().ends_with("request-fairing-panics"),
            "the request fairing panics"
        );
    }

    async fn on_response<'r>(&self, request: &'r Request<'_>, _: &mut Response<'r>) {
        assert!(
            !request.uri().path().ends_with("response-fairing-panics"),
            "the response fairing panics"
        );
    }
}
