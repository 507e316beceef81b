//! A nameserver put together from its settings: a primary or a secondary, a desk, and sockets.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use authority::desk::Desk;
use authority::metrics::Metrics;
use authority::published::Published;
use instrument::dns::Resolver;
use instrument::{Env, StartError};
use rocket::tokio::task::JoinSet;

use crate::listen::Sockets;
use crate::notify::Notifier;
use crate::settings::{Role, Settings};

/// A nameserver.
pub struct Node {
    /// Where it answers.
    pub address: SocketAddr,
    /// What it serves.
    pub published: Arc<Published>,
    /// Where messages arrive.
    pub desk: Arc<Desk>,
    /// What it is.
    pub role: Role,
    notifier: Arc<Notifier>,
    sockets: Sockets,
    workers: usize,
}

impl Node {
    /// Reads the settings, opens the sockets, serves nothing yet.
    ///
    /// # Errors
    /// A setting cannot be used, or a port is taken.
    pub fn new(env: &Env, metrics: Metrics, resolver: Resolver) -> Result<Self, StartError> {
        let settings = Settings::read(env)?;
        let published = Arc::new(Published::new(settings.apex.clone(), metrics.clone()));
        let role = settings.role(env, &published, &metrics, &resolver)?;
        let notified = role.secondary().map(|secondary| secondary.notified.clone());
        let sockets = Sockets::bind(settings.address, settings.port).map_err(|why| {
            let (address, port) = (settings.address, settings.port);
            StartError::Other(format!(
                "DNS_PORT: cannot listen on {address} port {port}: {why}; \
                 stop what listens there, or set DNS_PORT or DNS_ADDRESS"
            ))
        })?;
        let notify_key = settings.notify_signed.then(|| settings.keys.own.clone()).flatten();
        Ok(Self {
            address: sockets.address,
            desk: Arc::new(Desk {
                published: published.clone(),
                keys: settings.keys,
                notified,
                transfers_allowed: AtomicBool::new(true),
                metrics: metrics.clone(),
            }),
            notifier: Arc::new(Notifier {
                targets: settings.notify,
                resolver,
                key: notify_key,
                published: published.clone(),
                metrics,
            }),
            workers: settings.workers,
            published,
            role,
            sockets,
        })
    }

    /// Serves until the future is dropped.
    pub async fn run(self) {
        let mut tasks = JoinSet::new();
        match self.role {
            Role::Primary(primary) => tasks.spawn(primary.run()),
            Role::Secondary(secondary, confirmed) => tasks.spawn(secondary.run(confirmed)),
        };
        tasks.spawn(self.notifier.run());
        tracing::info!(address = %self.address, zone = %self.published.apex(), "serving DNS");
        self.sockets.serve(self.desk, self.workers).await;
    }
}
