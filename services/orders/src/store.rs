//! The orders: what may be in them, and the last of them, in memory.

use std::collections::VecDeque;
use std::num::NonZeroU16;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rocket::request::FromParam;
use serde::{Deserialize, Serialize};

use crate::metrics::Metrics;
use crate::watch::Watchers;
use crate::work::{Busy, Work};

/// An item's name: 1 to 32 of `a` to `z`, `0` to `9` and `-`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Item(String);

impl TryFrom<String> for Item {
    type Error = &'static str;

    fn try_from(name: String) -> Result<Self, Self::Error> {
        let fits = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-');
        if (1..=32).contains(&name.len()) && name.bytes().all(fits) {
            Ok(Self(name))
        } else {
            Err("an item is 1 to 32 of a to z, 0 to 9 and -")
        }
    }
}

impl FromParam<'_> for Item {
    type Error = &'static str;

    fn from_param(name: &str) -> Result<Self, Self::Error> {
        name.to_owned().try_into()
    }
}

/// What a customer sends.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewOrder {
    item: Item,
    quantity: NonZeroU16,
}

#[derive(Serialize)]
pub(crate) struct Price {
    item: Item,
    cents: u64,
}

#[derive(Clone, Debug, Serialize)]
pub(crate) struct Order {
    pub(crate) id: u64,
    item: Item,
    quantity: NonZeroU16,
    cents: u64,
}

/// The latest orders. Their ids follow each other, so that an order's index follows from its id.
#[derive(Default)]
struct Store {
    /// The id of the oldest.
    first: u64,
    orders: VecDeque<Order>,
}

/// Everything behind the routes.
pub(crate) struct Orders {
    work: Arc<Work>,
    kept: usize,
    store: Mutex<Store>,
    watchers: Arc<Watchers>,
    metrics: Metrics,
}

impl Orders {
    /// A store that keeps so many orders.
    pub(crate) fn new(
        kept: NonZeroU16,
        work: Arc<Work>,
        watchers: Arc<Watchers>,
        metrics: Metrics,
    ) -> Self {
        Self { work, kept: kept.get().into(), store: Mutex::default(), watchers, metrics }
    }

    pub(crate) async fn price(&self, item: Item) -> Result<Price, Busy> {
        let cents = self.work.price(&item.0).await?;
        tracing::debug!(item = item.0, cents, "priced");
        Ok(Price { item, cents })
    }

    pub(crate) async fn create(&self, wanted: NewOrder) -> Result<Order, Busy> {
        let Price { item, cents } = self.price(wanted.item).await?;
        let quantity = wanted.quantity;
        let cents = cents * u64::from(quantity.get());
        let mut store = self.store();
        if store.orders.len() == self.kept {
            store.orders.pop_front();
            store.first += 1;
            self.metrics.evicted.inc();
        }
        let order = Order { id: store.first + store.orders.len() as u64, item, quantity, cents };
        store.orders.push_back(order.clone());
        self.watchers.publish(&order); // under the lock: in the order of their ids
        Ok(order)
    }

    pub(crate) fn find(&self, id: u64) -> Option<Order> {
        let store = self.store();
        let index = usize::try_from(id.checked_sub(store.first)?).ok()?;
        store.orders.get(index).cloned()
    }

    fn store(&self) -> MutexGuard<'_, Store> {
        self.store.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
