//! The reverse proxy's own connection to the pod, which is kept from one request to the next.

use hyper::body::Incoming;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::sync::Mutex;

use super::{Body, Connection, Failure};

/// None before the first request, and after one that went wrong.
pub(super) type Upstream = Mutex<Option<SendRequest<Body>>>;

/// Sends on the connection that is there, or on a new one when the pod has closed it.
pub(super) async fn send(
    request: Request<Body>,
    connection: &Connection<'_>,
) -> Result<Response<Incoming>, Failure> {
    let mut upstream = connection.upstream.lock().await;
    let mut request = request;
    if let Some(mut sender) = upstream.take()
        && sender.ready().await.is_ok()
    {
        match sender.try_send_request(request).await {
            Ok(response) => {
                *upstream = Some(sender);
                return Ok(response);
            }
            // Closed in this very moment: if nothing was sent, it can be sent again.
            Err(mut failure) => match failure.take_message() {
                Some(unsent) => request = unsent,
                None => return Err(failure.into_error().into()),
            },
        }
    }
    let pod = connection.route.server;
    let stream = connection.route.connect().await.ok_or(Failure::Unreachable(pod))?;
    let (mut sender, connection) = handshake(TokioIo::new(stream)).await?;
    // Ends when the sender is dropped with the client's connection, or when the pod hangs up.
    tokio::spawn(connection);
    let response = sender.send_request(request).await?;
    *upstream = Some(sender);
    Ok(response)
}
