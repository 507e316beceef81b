//! One port that shows a stage to a browser outside: what runs, alerts, mail and the report, and
//! the way to Prometheus, to Alertmanager and to every service, which listen on loopback only. It
//! is what a container publishes.
//!
//! It looks and changes nothing: `GET`, and what Prometheus is asked by `POST`; all else is
//! refused. [`route`] says what is meant, `forward` asks it of whom it concerns, `page` is the
//! first page.

mod forward;
mod page;
pub mod route;

use std::convert::Infallible;
use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use anyhow::{Context, Result};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use stage::Stage;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::OnceCell;
use tokio::task::JoinHandle;

use crate::clients::{self, Limits};
use crate::pages::Pages;
use crate::terminal::note;
use route::Route;

/// Clients served at once; more wait in the kernel's queue.
const CLIENTS: usize = 64;
/// The longest that a client may take to say what it wants.
const ASK: Duration = Duration::from_secs(5);
/// The longest that it may take altogether.
const SERVE: Duration = Duration::from_secs(60);
/// Where it listens when nobody says where, if it is set: in a container.
const LISTEN: &str = "TALES_LISTEN";

type Body = BoxBody<Bytes, hyper::Error>;

/// The port. It is closed when this is dropped.
pub struct Front {
    desk: Arc<Desk>,
    task: JoinHandle<()>,
    address: SocketAddr,
}

/// What the tasks of the clients share.
struct Desk {
    /// `up`, or `play dns-leak`.
    name: String,
    /// Where the report will be, if there is to be one.
    report: Option<PathBuf>,
    /// Set as soon as it is there.
    stage: OnceLock<Arc<dyn Stage>>,
    /// Where Prometheus has its pages.
    pages: OnceCell<Pages>,
}

impl Front {
    /// Whether it was asked for, or the environment says where.
    pub fn is_wanted(asked: Option<SocketAddr>) -> bool {
        asked.is_some() || usual().is_some()
    }

    /// Listens where `asked`, or else where the environment says; there it is no mistake if another
    /// stage has the port already. Until [`Self::ready`], says that the stage is starting.
    ///
    /// # Errors
    /// It cannot listen there.
    pub async fn open(
        asked: Option<SocketAddr>,
        name: &str,
        report: Option<&Path>,
    ) -> Result<Option<Self>> {
        let address = match (asked, usual()) {
            (Some(asked), _) => asked,
            (None, Some(text)) => text.parse().with_context(|| format!("{LISTEN}={text}"))?,
            (None, None) => return Ok(None),
        };
        let listener = match TcpListener::bind(address).await {
            Ok(listener) => listener,
            Err(why) if asked.is_none() && why.kind() == ErrorKind::AddrInUse => {
                note(&format!("tale: no page for this one: another program listens on {address}"));
                return Ok(None);
            }
            Err(why) => return Err(why).with_context(|| format!("cannot listen on {address}")),
        };
        let address = listener.local_addr().context("cannot listen")?;
        let desk = Arc::new(Desk {
            name: name.to_owned(),
            report: report.map(Path::to_owned),
            stage: OnceLock::new(),
            pages: OnceCell::new(),
        });
        let task = tokio::spawn(serve(listener, desk.clone()));
        Ok(Some(Self { desk, task, address }))
    }

    /// From now on shows everything.
    pub fn ready(&self, stage: Arc<dyn Stage>) {
        let _ = self.desk.stage.set(stage); // a second one would change nothing
    }

    /// What to open in a browser of this machine.
    pub fn url(&self) -> String {
        let mut address = self.address;
        if address.ip().is_unspecified() {
            address.set_ip(IpAddr::V4(Ipv4Addr::LOCALHOST));
        }
        format!("http://{address}/")
    }
}

/// What the environment says.
fn usual() -> Option<String> {
    std::env::var(LISTEN).ok().filter(|text| !text.is_empty())
}

impl Drop for Front {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(listener: TcpListener, desk: Arc<Desk>) {
    clients::serve(listener, Limits { at_once: CLIENTS, within: SERVE }, |stream| {
        let desk = desk.clone();
        // A client that has left is none.
        async move { drop(converse(stream, &desk).await) }
    })
    .await;
}

/// One request: with more on a connection, a client that says nothing would hold a slot.
async fn converse(stream: TcpStream, desk: &Desk) -> hyper::Result<()> {
    let answer = service_fn(|request| async { Ok::<_, Infallible>(desk.answer(request).await) });
    http1::Builder::new()
        .keep_alive(false)
        .timer(TokioTimer::new())
        .header_read_timeout(ASK)
        .serve_connection(TokioIo::new(stream), answer)
        .await
}

impl Desk {
    async fn answer(&self, request: Request<Incoming>) -> Response<Body> {
        let route = match Route::of(request.method(), request.uri().path()) {
            Ok(route) => route,
            Err((status, why)) => return said(status, &format!("{why}\n")),
        };
        let stage = match (&route, self.stage.get()) {
            (Route::Report(file), _) => return self.report(file),
            (_, None) => return html(page::starting(&self.name)),
            (_, Some(stage)) => stage,
        };
        match route {
            Route::Page => match page::page(&self.name, &**stage, self.pages(&**stage).await).await
            {
                Ok(text) => html(text),
                Err(why) => said(StatusCode::SERVICE_UNAVAILABLE, &format!("{why:#}\n")),
            },
            elsewhere => forward::forward(request, &elsewhere, &**stage).await,
        }
    }

    async fn pages(&self, stage: &dyn Stage) -> &Pages {
        let place = stage.place();
        let (prometheus, alertmanager) = (place.prometheus.clone(), place.alertmanager.clone());
        let urls = crate::control::Urls { prometheus, alertmanager };
        self.pages.get_or_init(async || Pages::of(&urls).await).await
    }

    /// A part of the report.
    fn report(&self, file: &Path) -> Response<Body> {
        let kind = match file.extension().and_then(|extension| extension.to_str()) {
            Some("html") => "text/html; charset=utf-8",
            Some("svg") => "image/svg+xml",
            Some("json") => "application/json",
            Some("xml") => "application/xml",
            _ => "text/plain; charset=utf-8",
        };
        let found = self.report.as_ref().map(|folder| std::fs::read(folder.join(file)));
        match found {
            Some(Ok(bytes)) => whole(StatusCode::OK, kind, bytes),
            Some(Err(_)) => said(
                StatusCode::NOT_FOUND,
                "not there: a report is written when its story is over\n",
            ),
            None => said(StatusCode::NOT_FOUND, "there is a report of a play only\n"),
        }
    }
}

fn html(text: String) -> Response<Body> {
    whole(StatusCode::OK, "text/html; charset=utf-8", text.into())
}

fn said(status: StatusCode, text: &str) -> Response<Body> {
    whole(status, "text/plain; charset=utf-8", text.to_owned().into())
}

fn whole(status: StatusCode, kind: &'static str, bytes: Vec<u8>) -> Response<Body> {
    let mut response = Response::new(Full::from(bytes).map_err(|never| match never {}).boxed());
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
