//! What can be called by JSON-RPC: the same orders and prices as over REST.

use rocket::data::Data;
use rocket::{State, post};
use serde::{Deserialize, Serialize};
use serde_json::{Value, to_value};

use crate::rpc::{self, Error, Methods, Metrics, Reply};
use crate::store::{Item, Orders};
use crate::work::Busy;

#[post("/rpc", data = "<body>")]
pub(crate) async fn call(
    body: Data<'_>,
    orders: &State<Orders>,
    metrics: &State<Metrics>,
) -> Reply {
    rpc::read_and_answer(body, &Calls { orders, metrics }).await
}

/// The orders, as JSON-RPC calls them.
struct Calls<'a> {
    orders: &'a Orders,
    metrics: &'a Metrics,
}

impl Methods for Calls<'_> {
    async fn call(&self, method: &str, params: Option<&str>) -> Result<Value, Error> {
        match method {
            "orders.get" => {
                let OrderId { id } = read(params)?;
                written(&self.orders.find(id).ok_or(Error::NO_ORDER)?)
            }
            "orders.create" => written(&self.orders.create(read(params)?).await?),
            "orders.price" => written(&self.orders.price(read::<Wanted>(params)?.item).await?),
            _ => Err(Error::METHOD),
        }
    }

    fn count(&self, method: &str, error: Option<&Error>) {
        self.metrics.called(method, error);
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OrderId {
    id: u64,
}

/// What a customer asks the price of.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    item: Item,
}

fn read<'a, T: Deserialize<'a>>(params: Option<&'a str>) -> Result<T, Error> {
    serde_json::from_str(params.unwrap_or("{}")).map_err(|why| Error::PARAMS.because(why))
}

fn written(result: &impl Serialize) -> Result<Value, Error> {
    to_value(result).map_err(|why| Error::INTERNAL.because(why))
}

impl From<Busy> for Error {
    fn from(_: Busy) -> Self {
        Self::BUSY
    }
}
