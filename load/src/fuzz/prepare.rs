//! What is looked up before the first request: who is there, and how the service describes itself.

use std::{
    io::{self, Read},
    net::SocketAddr,
    time::Duration,
};

use http_body_util::Full;
use hyper::{Request, body::Bytes};
use tokio::time::timeout;

use super::{
    exchange::{Line, Outcome},
    message::{Body, Message},
    options::Fuzz,
};
use crate::{attack::Destination, plan::PlanError, run::RunError, send::Connection};

/// Larger than any description of a service.
const MOST_BYTES: u64 = 16 << 20;

/// The first address at which somebody answers.
pub(crate) async fn somebody(
    destination: &Destination,
    host: &str,
    fuzz: &Fuzz,
) -> Result<SocketAddr, RunError> {
    let nobody = |why: &str| {
        RunError::Plan(PlanError::Option(format!(
            "nobody is at {}: {why}; is it running?",
            fuzz.url
        )))
    };
    let addresses = destination.addresses().await.map_err(|(_, why)| nobody(&why))?;
    let hello = Message::new("GET", "/", host, Body::Nothing);
    for address in addresses {
        if Line::new(address, fuzz.timeout).send(&hello).await != Outcome::Gone {
            return Ok(address);
        }
    }
    Err(nobody("no connection"))
}

pub(crate) async fn description(
    place: &str,
    address: SocketAddr,
    host: &str,
    patience: Duration,
) -> Result<serde_json::Value, RunError> {
    let bad = |why: String| RunError::Plan(PlanError::Option(format!("--openapi {place}: {why}")));
    let text = if place.starts_with('@') {
        text_or_file("--openapi", place)?
    } else if place.starts_with('/') {
        match timeout(patience, fetch(address, host, place)).await {
            Ok(Ok((200, text))) => text,
            Ok(Ok((status, _))) => return Err(bad(format!("status {status}"))),
            Ok(Err(why)) => return Err(bad(why.to_string())),
            Err(_) => return Err(bad(format!("no answer within {patience:?}"))),
        }
    } else {
        return Err(bad("write /PATH for what the service serves, or @FILE".to_owned()));
    };
    // JSON is YAML, too.
    let text = String::from_utf8(text).map_err(|why| bad(why.to_string()))?;
    serde_saphyr::from_str(&text).map_err(|why| bad(format!("neither JSON nor YAML: {why}")))
}

/// What the service answers to a sound request: its status, and the body.
async fn fetch(address: SocketAddr, host: &str, path: &str) -> io::Result<(u16, Vec<u8>)> {
    let mut connection = Connection::open(&[address]).await?;
    connection.is_usable().await;
    let request = Request::get(path).header("host", host).body(Full::<Bytes>::default());
    let request = request.map_err(io::Error::other)?;
    let mut body = Vec::new();
    let see = |data: &[u8]| body.extend_from_slice(data);
    let answer = connection.exchange(request, see).await.map_err(io::Error::other)?;
    Ok((answer.status, body))
}

pub(crate) fn text_or_file(option: &str, text: &str) -> Result<Vec<u8>, PlanError> {
    let Some(file) = text.strip_prefix('@') else { return Ok(text.as_bytes().to_vec()) };
    let mut bytes = Vec::new();
    let read = std::fs::File::open(file).and_then(|it| it.take(MOST_BYTES).read_to_end(&mut bytes));
    match read {
        Ok(_) => Ok(bytes),
        Err(why) => {
            Err(PlanError::Option(format!("{option} {text}: {why}; name a file that can be read")))
        }
    }
}
