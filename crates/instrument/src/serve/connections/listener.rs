//! One more connection, or not; and what becomes of it.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use hyper::http::request::Parts;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{
    Request, Response,
    body::{Body, Incoming},
};
use hyper_util::rt::TokioIo;
use rocket::http::{Method, Status};
use rocket::local::asynchronous::{Client, LocalRequest};
use rocket::tokio::net::{TcpListener, TcpStream};
use rocket::tokio::sync::{Semaphore, oneshot};
use rocket::tokio::task::JoinSet;
use rocket::tokio::time::{Instant, sleep};
use rocket::tokio::{pin, select, spawn};
use rocket::{Build, Ignite, Rocket, Shutdown};
use rustix::net::sockopt::set_socket_linger;

use super::Connections;
use super::limits::Limits;
use super::metrics::Metrics;
use super::request::{BODIES_BYTES, Refused, convert, linger, read_body};
use super::response::{Payload, give_out, refusal};
use super::state::{Clock, State, Watched};
use super::sweep::sweep;
use super::table::{Table, Ticket};
use super::upload::{Rest, Streamed, Waiting};
use crate::failures::Failures;
use crate::start_error::StartError;

/// How long to wait when there is no descriptor left: somebody has to give one back first.
const AFTER_ERROR: Duration = Duration::from_millis(100);
/// Longest head of a request, and most of an answer that waits in the process.
const HEAD_BYTES: usize = 16 << 10;
/// How often it is looked whether the last request is done.
const DRAINED: Duration = Duration::from_millis(5);

/// Listens where Rocket is set to listen, and tells Rocket which port it became.
///
/// # Errors
/// If the settings are not an address, or somebody listens there.
pub(in crate::serve) async fn bind(
    rocket: Rocket<Build>,
) -> Result<(Rocket<Build>, TcpListener), StartError> {
    let figment = rocket.figment();
    let wrong = |why| StartError::Rocket(format!("ROCKET_ADDRESS, ROCKET_PORT: {why}"));
    let address: IpAddr = figment.extract_inner("address").map_err(wrong)?;
    let port: u16 = figment.extract_inner("port").map_err(wrong)?;
    let cannot = |why: io::Error| {
        StartError::Other(format!(
            "ROCKET_PORT: cannot listen: {why}; stop what listens there, or set ROCKET_PORT or ROCKET_ADDRESS"
        ))
    };
    let listener = TcpListener::bind((address, port)).await.map_err(cannot)?;
    let port = listener.local_addr().map_err(cannot)?.port();
    let figment = figment.clone().merge(("port", port));
    Ok((rocket.configure(figment), listener))
}

/// Serves until Rocket is asked to shut down, then lets the last requests finish. `None` if they
/// did not in time.
///
/// # Errors
/// If Rocket does not start.
pub(in crate::serve) async fn serve(
    rocket: Rocket<Ignite>,
    listener: TcpListener,
    connections: Connections,
) -> Result<Option<Rocket<Ignite>>, rocket::Error> {
    let config = rocket.config();
    let [grace, mercy] = [config.shutdown.grace, config.shutdown.mercy]
        .map(|seconds| Duration::from_secs(seconds.into()));
    let client = Client::untracked(rocket).await?; // ready
    let server = Server::new(client, connections);
    let mut sweeper = JoinSet::new(); // ends with this function
    sweeper.spawn(sweep(server.table.clone(), server.clock.clone()));
    server.accept(listener, server.client.rocket().shutdown()).await;
    Ok(server.drain(grace, mercy).await)
}

/// What all connections share.
struct Server {
    client: Client,
    http: http1::Builder,
    limits: Limits,
    metrics: Metrics,
    failures: Failures,
    table: Arc<Table>,
    clock: Arc<Clock>,
    /// One permit for each byte of a body that is in memory.
    bodies: Arc<Semaphore>,
    streamed: Streamed,
}

impl Server {
    fn new(client: Client, connections: Connections) -> Arc<Self> {
        let Connections { limits, metrics, failures, streamed, .. } = connections;
        let mut http = http1::Builder::new();
        // The sweep keeps the time.
        http.header_read_timeout(None).max_buf_size(HEAD_BYTES);
        Arc::new(Self {
            client,
            http,
            table: Arc::new(Table::new(limits.clone(), metrics.clone())),
            limits,
            metrics,
            failures,
            clock: Arc::default(),
            bodies: Arc::new(Semaphore::new(BODIES_BYTES)),
            streamed,
        })
    }

    async fn accept(self: &Arc<Self>, listener: TcpListener, mut shutdown: Shutdown) {
        loop {
            let accepted = select! {
                biased;
                () = &mut shutdown => return,
                accepted = listener.accept() => accepted,
            };
            match accepted {
                Ok((socket, peer)) => self.take(socket, peer),
                // The client has hung up before it was its turn.
                Err(why) if why.kind() == io::ErrorKind::ConnectionAborted => {}
                // No descriptor is left (EMFILE, ENFILE), or no memory. The clients wait in the
                // kernel's queue meanwhile; giving up here would end the service.
                Err(why) => {
                    self.failures.not_accepted.inc();
                    tracing::warn!(%why, "cannot accept a connection");
                    sleep(AFTER_ERROR).await;
                }
            }
        }
    }

    /// Serves a connection, if it gets a place.
    fn take(self: &Arc<Self>, socket: TcpStream, peer: SocketAddr) {
        let state = Arc::new(State::new(self.clock.clone()));
        // Refused, the client gets a reset: no socket of ours waits for it to say goodbye.
        let _ = set_socket_linger(&socket, Some(Duration::ZERO));
        Table::take(&self.table, peer.ip(), state.clone(), |ticket| {
            spawn(self.clone().converse(socket, peer, state, ticket)).abort_handle()
        });
    }

    /// Serves a connection to its end.
    async fn converse(
        self: Arc<Self>,
        socket: TcpStream,
        peer: SocketAddr,
        state: Arc<State>,
        _ticket: Ticket,
    ) {
        // It has a place: what was sent may arrive after the end.
        let _ = set_socket_linger(&socket, None);
        let _ = socket.set_nodelay(true);
        let mut shutdown = self.client.rocket().shutdown();
        let socket = TokioIo::new(Watched { socket, state: state.clone() });
        let service = service_fn(|request| answer(self.clone(), state.clone(), peer, request));
        let connection = self.http.serve_connection(socket, service);
        pin!(connection);
        let end = select! {
            biased;
            () = &mut shutdown => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
            end = &mut connection => end,
        };
        if let Err(why) = end {
            self.failures.failed.inc();
            tracing::debug!(%peer, %why, "connection failed");
        }
    }

    /// Lets requests finish: those with a client for as long as `grace` says, the others for as
    /// long as `mercy` says after it.
    async fn drain(self: Arc<Self>, grace: Duration, mercy: Duration) -> Option<Rocket<Ignite>> {
        let end = Instant::now() + grace;
        while Arc::strong_count(&self) > 1 && Instant::now() < end {
            sleep(DRAINED).await;
        }
        self.table.clear();
        let end = Instant::now() + mercy + Duration::from_millis(100);
        while Arc::strong_count(&self) > 1 && Instant::now() < end {
            sleep(DRAINED).await;
        }
        let server = Arc::into_inner(self)?;
        Some(server.client.terminate().await)
    }
}

/// Answers one request.
///
/// In a task of its own, as Rocket does it: a client that leaves ends its connection, and the
/// handler works on. Handlers may rely on that.
async fn answer(
    server: Arc<Server>,
    state: Arc<State>,
    peer: SocketAddr,
    request: Request<Incoming>,
) -> io::Result<Response<Payload>> {
    let (head, answer) = oneshot::channel();
    spawn(ask_rocket(server, state, peer, request, head));
    answer.await.map_err(|_| io::ErrorKind::BrokenPipe.into())
}

async fn ask_rocket(
    server: Arc<Server>,
    state: Arc<State>,
    peer: SocketAddr,
    request: Request<Incoming>,
    head: oneshot::Sender<Response<Payload>>,
) {
    let (parts, mut body) = request.into_parts();
    if is_streamed(&server, &parts) {
        return ask_while_it_arrives(server, state, peer, (parts, body), head).await;
    }
    if !body.is_end_stream() {
        state.asks();
    }
    let (body, _room) = match read_body(&mut body, &server.limits, &server.bodies).await {
        Ok(whole) => whole,
        Err(Refused::Because(status, reason)) => {
            server.metrics.rejected(reason).inc();
            // An error means that the client has left.
            let _ = head.send(refusal(status, &state));
            return linger(&mut body).await;
        }
        Err(Refused::Gone) => return,
    };
    state.asked();
    let request = convert(&server.client, &parts, peer, &body);
    give(request, &parts, peer, &state, head).await;
}

fn is_streamed(server: &Server, head: &Parts) -> bool {
    let method = head.method.as_str().parse();
    method.is_ok_and(|method| (server.streamed)(method, head.uri.path()))
}

/// Asks Rocket before the body is there. Both it and the answer may take as long as they like, as
/// long as the client moves.
async fn ask_while_it_arrives(
    server: Arc<Server>,
    state: Arc<State>,
    peer: SocketAddr,
    (parts, body): (Parts, Incoming),
    head: oneshot::Sender<Response<Payload>>,
) {
    state.asked();
    state.streams();
    let request = convert(&server.client, &parts, peer, &[]);
    let patience = server.limits.body.0;
    // A body that its route does not want, or not to its end, comes back here.
    let waiting = Arc::new(Waiting::of(Rest { body, patience }));
    request.inner().local_cache(|| waiting.clone());
    give(request, &parts, peer, &state, head).await;
    if let Some(Rest { mut body, .. }) = waiting.take() {
        linger(&mut body).await;
    }
}

/// Gives out Rocket's answer to a request.
async fn give(
    request: LocalRequest<'_>,
    head: &Parts,
    peer: SocketAddr,
    state: &Arc<State>,
    to: oneshot::Sender<Response<Payload>>,
) {
    let response = request.dispatch().await;
    let has_body = head.method != Method::Head.as_str()
        && ![Status::NoContent, Status::NotModified].contains(&response.status());
    if let Err(why) = give_out(response, has_body, state, to).await {
        tracing::debug!(%peer, %why, "an answer was not given out");
    }
}
