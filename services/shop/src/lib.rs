//! The front end: as good as what is behind it, and no slower than it allows.
//!
//! For every price it asks `orders`, by name: a lookup, a connection, a request, each within a
//! limit. When `orders` is slow or gone, customers get a 504 or a 502 while they are still there to
//! read it, and the shop keeps no thread and no connection waiting. Next: `client.rs` of
//! `instrument`, for why there is no connection pool.

pub mod metrics;
#[cfg(test)]
mod tests;

use std::num::NonZeroU16;
use std::str::FromStr;
use std::time::Duration;

use instrument::client::{CallError, CallResult, Client, Limits};
use instrument::{Service, StartError, traced};
use rocket::fairing::AdHoc;
use rocket::http::uri::Absolute;
use rocket::http::{Header, RawStr, Status};
use rocket::response::content::RawHtml;
use rocket::serde::json::Json;
use rocket::{Build, Rocket, State, get, routes};
use serde::{Deserialize, Serialize};

use metrics::{Metrics, Outcome};

/// What the front page offers. Any other item has a price too.
const ITEMS: [&str; 4] = ["tea", "coffee", "cake", "umbrella"];

/// How long `orders` may take: to be connected to, and to answer. Up to about a minute can be set;
/// nobody waits any longer.
const CONNECT_MS: NonZeroU16 = NonZeroU16::new(500).expect("500 is not 0");
const TOTAL_MS: NonZeroU16 = NonZeroU16::new(1000).expect("1000 is not 0");

/// What customers pay of what `orders` says.
const AS_IT_IS: NonZeroU16 = NonZeroU16::new(100).expect("100 is not 0");

/// Which release an answer is from, in a header: for whoever counts them without reading.
pub const RELEASE_HEADER: &str = "Shop-Release";

/// The service, ready to launch.
///
/// # Errors
/// If a setting cannot be used.
pub fn build(service: &mut Service) -> Result<Rocket<Build>, StartError> {
    let env = &service.env;
    let remedy = "set it to milliseconds, 1 to 65535";
    let connect = env.parse("ORDERS_CONNECT_TIMEOUT_MS", CONNECT_MS, remedy)?;
    let total = env.parse("ORDERS_TIMEOUT_MS", TOTAL_MS, remedy)?;
    let remedy = "set it to where orders is, e.g. http://orders:8000";
    let orders = env.parse("ORDERS_URL", BaseUrl("http://orders".to_owned()), remedy)?;
    let remedy = "set it to a percentage of what orders says, 1 to 65535";
    let percent = env.parse("PRICE_PERCENT", AS_IT_IS, remedy)?;
    let remedy = "set it to the name of this release";
    let version = env.parse("VERSION", env!("CARGO_PKG_VERSION").to_owned(), remedy)?;

    let milliseconds = |number: NonZeroU16| Duration::from_millis(number.get().into());
    let limits = Limits { connect: milliseconds(connect), total: milliseconds(total) };
    let client = Client::with_limits(service.resolver()?, "orders", &service.registry, limits)
        .map_err(|why| StartError::Other(why.to_string()))?;
    let metrics = Metrics::register(&service.registry)?;
    let release = version.clone();
    let says_its_release = AdHoc::on_response("release", move |_, response| {
        response.set_header(Header::new(RELEASE_HEADER, release.clone()));
        Box::pin(async {})
    });
    let shop = Shop { orders, version, percent: percent.get().into(), client, metrics };
    let routes = traced(routes![index, price, version]);
    Ok(service.rocket().attach(says_its_release).manage(shop).mount("/", routes))
}

/// `http://host` or `http://host:port`.
struct BaseUrl(String);

impl FromStr for BaseUrl {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim_end_matches('/');
        match Absolute::parse(text) {
            Ok(url) if url.scheme() == "http" && url.path() == "" && url.query().is_none() => {
                Ok(Self(text.to_owned()))
            }
            _ => Err("it is not http:// with a host and nothing more"),
        }
    }
}

struct Shop {
    orders: BaseUrl,
    version: String,
    percent: u64,
    client: Client,
    metrics: Metrics,
}

/// What `orders` knows about an item.
#[derive(Deserialize)]
struct Price {
    item: String,
    cents: u64,
}

/// What customers see: the price, and which release of the shop says so.
#[derive(Serialize)]
struct Offer<'a> {
    item: String,
    cents: u64,
    version: &'a str,
}

/// Why there is no price.
#[derive(Debug, thiserror::Error)]
enum NoPrice {
    #[error("there is no such item")]
    NotFound,
    #[error("no answer from orders: {0}")]
    Call(#[from] CallError),
    #[error("orders failed with status {0}")]
    Status(u16),
    #[error("the answer from orders was not a price")]
    NotAPrice,
}

impl NoPrice {
    fn outcome(&self) -> (Outcome, Status) {
        match self {
            Self::NotFound => (Outcome::NotFound, Status::NotFound),
            Self::Call(why) if why.result() == CallResult::Timeout => {
                (Outcome::Timeout, Status::GatewayTimeout)
            }
            _ => (Outcome::Failed, Status::BadGateway),
        }
    }
}

impl Shop {
    /// Asks `orders`, again for every customer.
    async fn price(&self, item: &str) -> Result<Price, NoPrice> {
        // These two would change the path; everything else stays one segment of it.
        if matches!(item, "." | "..") {
            return Err(NoPrice::NotFound);
        }
        let item = RawStr::new(item).percent_encode();
        let url = format!("{}/orders/price/{item}", self.orders.0);
        let answer = self.client.get(&url).await?;
        match answer.status {
            200 => answer.json().map_err(|_| NoPrice::NotAPrice),
            404 | 422 => Err(NoPrice::NotFound),
            status => Err(NoPrice::Status(status)),
        }
    }
}

#[get("/")]
fn index(shop: &State<Shop>) -> RawHtml<String> {
    let items = ITEMS.map(|item| format!("<li><a href=\"/price/{item}\">{item}</a>\n"));
    let version = RawStr::new(&shop.version).html_escape();
    RawHtml(format!(
        "<!doctype html>\n<title>Shop</title>\n<h1>Shop</h1>\n<ul>\n{}</ul>\n<p>Release {version}\n",
        items.concat()
    ))
}

#[get("/price/<item>")]
async fn price<'s>(item: &str, shop: &'s State<Shop>) -> Result<Json<Offer<'s>>, (Status, String)> {
    let price = shop.price(item).await;
    let (outcome, status) = match &price {
        Ok(_) => (Outcome::Ok, Status::Ok),
        Err(why) => why.outcome(),
    };
    shop.metrics.asked(outcome);
    match price {
        Ok(Price { item, cents }) => {
            let cents = cents.saturating_mul(shop.percent) / 100;
            tracing::debug!(item, cents, "offered");
            let version = &shop.version;
            Ok(Json(Offer { item, cents, version }))
        }
        Err(why) => {
            tracing::warn!(%why, "no price");
            Err((status, format!("{why}\n")))
        }
    }
}

#[get("/version")]
fn version(shop: &State<Shop>) -> String {
    format!("{}\n", shop.version)
}
