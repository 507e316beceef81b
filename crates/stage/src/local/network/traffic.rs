//! What chaos does to traffic, as the Service proxies ask for it: at every new connection, request
//! or chunk of bytes.
//!
//! Only connections through a Service pass here. A pod that calls another by its own address goes
//! around the proxies, and so around every fault of this kind; on a cluster it would not.
//!
//! A connection is a `route`; what its bytes suffer is a `rule`; `shaped` moves them under it.

mod clients;
mod destination;
mod queue;
mod route;
mod rule;
mod shaped;
mod table;

use std::net::Ipv4Addr;

use chaos::fault::HttpFault;

use clients::Clients;
use table::Table;

pub(crate) use destination::Destination;
pub(super) use destination::ipv4;
pub(super) use route::{Direction, Route, at};
pub(crate) use rule::NetworkRule;
pub(super) use shaped::{RelayEnd, relay, to_the_end};

/// Every fault on traffic, by pod. Each lapses by itself when its time has come.
#[derive(Default)]
pub(crate) struct Traffic {
    pub(super) http: Table<HttpFault>,
    pub(super) network: Table<NetworkRule>,
    clients: Clients,
}

impl Traffic {
    /// Replaces what is known about pods: the process that stands for each, and its address.
    pub(crate) fn set_pods(&self, pods: Vec<(i32, Ipv4Addr)>) {
        self.clients.set_pods(pods);
    }

    /// Takes all faults off a pod that is gone.
    pub(crate) fn forget(&self, pod: Ipv4Addr) {
        self.http.forget(pod);
        self.network.forget(pod);
    }

    /// The faults on a pod, as `kind/id`.
    pub(crate) fn names(&self, pod: Ipv4Addr) -> Vec<String> {
        let http = self.http.ids(pod).into_iter().map(|id| format!("http/{id}"));
        let network = self.network.ids(pod);
        http.chain(network.into_iter().map(|id| format!("network/{id}"))).collect()
    }
}
