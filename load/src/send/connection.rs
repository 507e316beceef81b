//! One HTTP/1.1 connection, used for one request at a time.
//!
//! hyper splits a connection into a handle that sends requests and a future that moves the bytes.
//! Usually the future gets a task of its own; here whoever waits for an answer also moves the
//! bytes. One task instead of two saves a switch in each direction for every request.

use std::{
    future::poll_fn,
    io,
    net::SocketAddr,
    pin::{Pin, pin},
    task::{Context, Poll},
};

use http_body_util::Full;
use hyper::{
    Request, Response,
    body::{Body, Bytes, Frame, Incoming},
    client::conn::http1::{Builder, Connection as Transport, SendRequest},
    header::HeaderMap,
};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// An open connection.
pub(crate) struct Connection {
    sender: SendRequest<Full<Bytes>>,
    /// `None` once the connection is closed: a finished future must not be polled.
    transport: Option<Transport<TokioIo<TcpStream>, Full<Bytes>>>,
}

/// A complete answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body_bytes: u64,
    /// The old header map, for the next request.
    pub(crate) headers: HeaderMap,
}

impl Connection {
    /// Tries the addresses in order.
    pub(crate) async fn open(addresses: &[SocketAddr]) -> io::Result<Box<Self>> {
        let mut why = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
        for address in addresses {
            match Self::open_one(*address).await {
                // Boxed: it is a kilobyte, and changes hands for every request.
                Ok(connection) => return Ok(Box::new(connection)),
                Err(error) => why = error,
            }
        }
        Err(why)
    }

    async fn open_one(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        // One buffer, one `write`: for small requests that is cheaper than a list of buffers.
        let mut http = Builder::new();
        http.writev(false);
        let (sender, transport) =
            http.handshake(TokioIo::new(stream)).await.map_err(io::Error::other)?;
        Ok(Self { sender, transport: Some(transport) })
    }

    /// Can another request be sent? No if the server has closed the connection meanwhile.
    pub(crate) async fn is_usable(&mut self) -> bool {
        poll_fn(|cx| {
            self.move_bytes(cx);
            self.sender.poll_ready(cx)
        })
        .await
        .is_ok()
    }

    /// Sends a request and reads the whole answer. Each piece of the body is shown to `see`.
    pub(crate) async fn exchange(
        &mut self,
        request: Request<Full<Bytes>>,
        mut see: impl FnMut(&[u8]),
    ) -> hyper::Result<Answer> {
        let (head, mut body) = self.send(request).await?.into_parts();
        let mut body_bytes = 0;
        while !body.is_end_stream() {
            match self.next_frame(&mut body).await {
                None => break,
                Some(frame) => {
                    if let Some(data) = frame?.data_ref() {
                        body_bytes += data.len() as u64;
                        see(data);
                    }
                }
            }
        }
        Ok(Answer { status: head.status.as_u16(), body_bytes, headers: head.headers })
    }

    async fn send(&mut self, request: Request<Full<Bytes>>) -> hyper::Result<Response<Incoming>> {
        let mut response = pin!(self.sender.send_request(request));
        let transport = &mut self.transport;
        poll_fn(|cx| {
            move_bytes(transport, cx);
            response.as_mut().poll(cx)
        })
        .await
    }

    async fn next_frame(&mut self, body: &mut Incoming) -> Option<hyper::Result<Frame<Bytes>>> {
        poll_fn(|cx| {
            // Usually the body came with the head and is there already.
            match Pin::new(&mut *body).poll_frame(cx) {
                Poll::Ready(frame) => Poll::Ready(frame),
                Poll::Pending => {
                    self.move_bytes(cx);
                    Pin::new(&mut *body).poll_frame(cx)
                }
            }
        })
        .await
    }

    fn move_bytes(&mut self, cx: &mut Context<'_>) {
        move_bytes(&mut self.transport, cx);
    }
}

/// Moves bytes. Errors are not lost: whoever waits for the answer gets them.
fn move_bytes(
    transport: &mut Option<Transport<TokioIo<TcpStream>, Full<Bytes>>>,
    cx: &mut Context<'_>,
) {
    if let Some(running) = transport
        && Pin::new(running).poll(cx).is_ready()
    {
        *transport = None;
    }
}
