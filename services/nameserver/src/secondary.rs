//! A secondary: a copy that asks for news, and gives up when it hears nothing for too long.
//!
//! *Lesson: who only looks at serials can be led astray.* The SOA record says how often to ask
//! (refresh), how soon again after a failure (retry), and how long the copy may be served without
//! word from the primary (expire). A primary whose serial is not newer is believed to be behind,
//! and the copy stays as it is: after a serial from the future that is for years. Next:
//! `incoming.rs`.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

use authority::collect::{Fetched, TransferError, apply};
use authority::metrics::Metrics;
use authority::notified::Notified;
use authority::published::Published;
use authority::serial::{self, is_newer};
use authority::state::Keeper;
use authority::zone::{Zone, ZoneError};
use domain::base::Ttl;
use domain::tsig::Key;
use instrument::dns::Resolver;
use rocket::tokio::select;
use rocket::tokio::task::spawn_blocking;
use rocket::tokio::time::sleep;

use crate::host::Host;
use crate::incoming;

/// Between two attempts before there is a zone that says how long to wait.
const FIRST_RETRY: Duration = Duration::from_secs(1);
/// No zone may keep a server busier than this, or leave it asleep for longer than that.
const WAIT: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(86_400));

/// A copy of a zone.
pub struct Secondary {
    /// Where the zone comes from.
    pub primaries: Vec<Host>,
    /// How their names become addresses.
    pub resolver: Resolver,
    /// What to sign questions with.
    pub key: Option<Arc<Key>>,
    /// What is served.
    pub published: Arc<Published>,
    /// Where the desk leaves word.
    pub notified: Arc<Notified>,
    /// Where the copy is kept.
    pub keeper: Keeper,
    /// Everything is counted.
    pub metrics: Metrics,
    /// Whether the copy stays as it is, as `rndc freeze` and `knotc zone-freeze` make it.
    pub frozen: AtomicBool,
    /// Whether the next question is for the whole zone, whatever its serial.
    pub retransfer: AtomicBool,
}

impl Secondary {
    /// Serves what was kept, if it has not expired; when it was last confirmed.
    ///
    /// # Errors
    /// What was kept is no zone.
    pub fn restore(&self) -> Result<u32, RestoreError> {
        let Some((entries, confirmed)) = self.keeper.load(self.published.apex())? else {
            return Ok(0);
        };
        let zone = Zone::new(self.published.apex().clone(), entries)?;
        if confirmed.saturating_add(zone.soa().expire().as_secs()) > serial::now() {
            self.published.publish(zone);
        }
        Ok(confirmed)
    }

    /// Asks for news, when it is time or somebody says so, for ever.
    pub async fn run(self: Arc<Self>, mut confirmed: u32) {
        loop {
            let news = self.refresh().await;
            if let Err(why) = &news {
                tracing::warn!(%why, "no word from the primary");
            }
            if news.is_ok() {
                confirmed = serial::now();
                self.metrics.confirmed(confirmed);
                let keeper = self.keeper.clone();
                let _ = spawn_blocking(move || keeper.confirm(confirmed)).await;
            }
            let wait = self.expire_or_wait(confirmed, news.is_ok());
            select! {
                () = self.notified.wait() => {}
                () = sleep(wait) => {}
            }
        }
    }

    /// How long to wait; a copy that is too old is served no longer.
    fn expire_or_wait(&self, confirmed: u32, heard: bool) -> Duration {
        let Some(zone) = self.published.zone() else { return FIRST_RETRY };
        let seconds = |ttl: Ttl| Duration::from_secs(ttl.as_secs().into());
        let age = Duration::from_secs(serial::now().saturating_sub(confirmed).into());
        let left = seconds(zone.soa().expire()).saturating_sub(age);
        if left.is_zero() {
            tracing::error!(
                serial = zone.serial(),
                "expired: no word from the primary for too long"
            );
            self.published.withdraw();
            return FIRST_RETRY;
        }
        let wait = if heard { zone.soa().refresh() } else { zone.soa().retry() };
        seconds(wait).clamp(WAIT.0, WAIT.1).min(left)
    }

    async fn refresh(&self) -> Result<(), TransferError> {
        let mut last = TransferError::Timeout;
        let mut servers: Vec<SocketAddr> = Vec::new();
        for primary in &self.primaries {
            match primary.resolve(&self.resolver).await {
                Ok(found) => servers.extend(found),
                Err(why) => tracing::warn!(primary = %primary.name, %why, "not found"),
            }
        }
        self.notified.set_primaries(servers.iter().map(SocketAddr::ip).collect());
        if self.frozen.load(Relaxed) {
            return Ok(());
        }
        for server in servers {
            match self.refresh_from(server).await {
                Ok(()) => return Ok(()),
                Err(why) => last = why,
            }
        }
        Err(last)
    }

    async fn refresh_from(&self, server: SocketAddr) -> Result<(), TransferError> {
        let primary = incoming::Primary {
            server,
            apex: self.published.apex(),
            key: self.key.as_ref(),
            metrics: &self.metrics,
        };
        let whole = self.retransfer.load(Relaxed);
        let ours = self.published.zone().filter(|_| !whole);
        let theirs = primary.serial().await?;
        if let Some(ours) = &ours
            && !is_newer(theirs, ours.serial())
        {
            if theirs != ours.serial() {
                tracing::warn!(
                    theirs,
                    ours = ours.serial(),
                    "the primary is behind: its serial is older"
                );
            }
            return Ok(());
        }
        let fetched = self.counted("ixfr", &primary, ours.as_deref()).await;
        // Differences that do not fit are no reason to stay behind.
        let zone = match fetched {
            Err(_) if ours.is_some() => self.counted("axfr", &primary, None).await?,
            fetched => fetched?,
        };
        self.retransfer.store(false, Relaxed);
        let Some(zone) = zone else { return Ok(()) };
        tracing::info!(serial = zone.serial(), %server, "transferred");
        self.published.publish(zone);
        let (published, keeper) = (self.published.clone(), self.keeper.clone());
        let _ = spawn_blocking(move || published.now().map(|now| keeper.keep(&now))).await;
        Ok(())
    }

    async fn counted(
        &self,
        kind: &str,
        primary: &incoming::Primary<'_>,
        ours: Option<&Zone>,
    ) -> Result<Option<Zone>, TransferError> {
        let fetched = self.fetch(primary, ours).await;
        let kind = if ours.is_none() { "axfr" } else { kind };
        self.metrics.transferred("in", kind, fetched.as_ref().map(drop).map_err(drop));
        if let Err(why) = &fetched {
            tracing::warn!(%why, kind, "no transfer");
        }
        fetched
    }

    async fn fetch(
        &self,
        primary: &incoming::Primary<'_>,
        ours: Option<&Zone>,
    ) -> Result<Option<Zone>, TransferError> {
        let zone = match (primary.fetch(ours.map(Zone::soa_entry)).await?, ours) {
            (Fetched::Newest, _) | (Fetched::Steps(_), None) => return Ok(None),
            (Fetched::Whole(entries), _) => Zone::new(primary.apex.clone(), entries)?,
            (Fetched::Steps(steps), Some(ours)) => apply(ours, steps)?,
        };
        Ok(Some(zone))
    }
}

/// Why a copy that was kept cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    /// It cannot be read.
    #[error(transparent)]
    Io(#[from] std::io::Error),
    /// It is no zone.
    #[error(transparent)]
    Zone(#[from] ZoneError),
}
