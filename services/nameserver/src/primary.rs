//! The primary: where the zone is changed, signed and numbered.
//!
//! *Lesson: a success that is not looked at is a hope.* A policy is taken when it is loaded and
//! used when the zone is signed. If it cannot work, loading it has succeeded, every answer goes on
//! being NOERROR, and the only traces are a line in the log every ten seconds and two times that
//! drift apart: the signer's last attempt and its last success. Next: `signer.rs` in
//! `authority`.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use authority::metrics::Metrics;
use authority::policy::Policy;
use authority::published::Published;
use authority::serial::{self, is_newer};
use authority::signer::{Renew, SignError, Signer};
use authority::state::Keeper;
use authority::zone::{Data, Entry, Zone, ZoneError};
use domain::base::{CanonicalOrd, Rtype};
use domain::rdata::Soa;
use rocket::tokio::task::spawn_blocking;
use rocket::tokio::time::interval;

/// Between two attempts of a signer that fails.
const RETRY_SECONDS: u32 = 10;

/// Why a change was not made.
#[derive(Debug, thiserror::Error)]
pub enum ChangeError {
    /// It was not signed.
    #[error(transparent)]
    Sign(#[from] SignError),
    /// It is no change that can be made.
    #[error("{0}")]
    Refused(String),
}

/// A zone that is changed here.
pub struct Primary {
    published: Arc<Published>,
    signer: Signer,
    keeper: Keeper,
    metrics: Metrics,
    state: Mutex<State>,
}

struct State {
    /// The zone without what the signer adds.
    records: Vec<Entry>,
    policy: Policy,
    failed: Option<u32>,
}

impl Primary {
    /// Begins with what was kept, or else with `records`.
    ///
    /// # Errors
    /// The records are no zone.
    pub fn new(
        (published, signer): (Arc<Published>, Signer),
        (keeper, kept): (Keeper, Option<Vec<Entry>>),
        records: Vec<Entry>,
        (policy, metrics): (Policy, Metrics),
    ) -> Result<Self, ZoneError> {
        let apex = published.apex().clone();
        let records = match kept {
            Some(kept) => {
                let zone = Zone::new(apex, kept)?;
                let records = zone.entries().iter().filter(|one| !is_the_signers(one)).cloned();
                let records = records.collect();
                published.publish(zone);
                records
            }
            None => {
                Zone::new(apex, records.clone())?; // said now, rather than at each signing
                records
            }
        };
        let state = Mutex::new(State { records, policy, failed: None });
        Ok(Self { published, signer, keeper, metrics, state })
    }

    /// Looks every second whether the zone has to be signed.
    pub async fn run(self: Arc<Self>) {
        let mut ticks = interval(Duration::from_secs(1));
        loop {
            ticks.tick().await;
            let primary = self.clone();
            let _ = spawn_blocking(move || primary.sign_if_due(serial::now())).await;
        }
    }

    /// Signs if there is no zone yet, or a signature ends soon; after a failure, not at once again.
    pub fn sign_if_due(&self, now: u32) {
        let mut state = self.lock();
        let refresh = state.policy.refresh_seconds;
        let end = self.published.zone().and_then(|zone| zone.expiry());
        let due = end.is_none_or(|end| !is_newer(end, now.saturating_add(refresh)));
        if !due || state.failed.is_some_and(|last| now < last.saturating_add(RETRY_SECONDS)) {
            return;
        }
        let serial = serial::after(self.published.zone().map(|zone| zone.serial()), now);
        let signed = self.sign(&state, Renew::Due, serial, now);
        state.failed = signed.is_err().then_some(now);
        match signed {
            Ok(()) => tracing::info!(serial, "signed"),
            Err(why) => tracing::error!(%why, retry_seconds = RETRY_SECONDS, "not signed"),
        }
    }

    fn sign(&self, state: &State, renew: Renew, serial: u32, now: u32) -> Result<(), SignError> {
        let before = self.published.zone();
        let records = with_serial(&state.records, serial);
        let signed = self.signer.sign(records, before.as_deref(), (renew, &state.policy, now));
        // Only the signer's own run counts: a change that worked says nothing about it.
        if renew == Renew::Due {
            self.metrics.signed(now, signed.as_ref().map(drop).map_err(drop));
        }
        self.published.publish(signed?);
        if let Some(history) = self.published.now() {
            self.keeper.keep(&history);
        }
        Ok(())
    }

    /// Takes records away, adds others, and publishes; the new serial. Only what has changed is
    /// signed, so that this works while the signer's own run fails.
    ///
    /// # Errors
    /// Nothing is changed then.
    pub fn change(&self, remove: &[Entry], add: Vec<Entry>) -> Result<u32, ChangeError> {
        let mut state = self.lock();
        let before = state.records.clone();
        let changed = changed(&before, remove, add)?;
        state.records = changed;
        let now = serial::now();
        let serial = serial::after(self.published.zone().map(|zone| zone.serial()), now);
        if let Err(why) = self.sign(&state, Renew::Changed, serial, now) {
            state.records = before;
            return Err(why.into());
        }
        tracing::info!(serial, "changed");
        Ok(serial)
    }

    /// Publishes under this serial, whatever it is: the repair of a serial that is wrong, and the
    /// way to make one.
    ///
    /// # Errors
    /// It cannot be signed.
    pub fn set_serial(&self, serial: u32) -> Result<(), ChangeError> {
        let state = self.lock();
        self.sign(&state, Renew::Changed, serial, serial::now())?;
        tracing::warn!(serial, "published under a serial that was asked for");
        Ok(())
    }

    /// Takes a policy, for the signer's next run.
    pub fn set_policy(&self, policy: Policy) {
        tracing::info!(?policy, "policy loaded");
        let mut state = self.lock();
        state.policy = policy;
        state.failed = None;
    }

    /// The policy.
    pub fn policy(&self) -> Policy {
        self.lock().policy.clone()
    }

    /// The signer.
    pub fn signer(&self) -> &Signer {
        &self.signer
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether a record is made by the signer.
fn is_the_signers(entry: &Entry) -> bool {
    matches!(entry.rtype(), Rtype::RRSIG | Rtype::NSEC | Rtype::DNSKEY)
}

fn with_serial(records: &[Entry], serial: u32) -> Vec<Entry> {
    let mut records = records.to_vec();
    for record in &mut records {
        if let Data::Soa(soa) = record.data() {
            let soa = Soa::new(
                soa.mname().clone(),
                soa.rname().clone(),
                serial.into(),
                soa.refresh(),
                soa.retry(),
                soa.expire(),
                soa.minimum(),
            );
            *record.data_mut() = soa.into();
        }
    }
    records
}

/// The records after a change.
fn changed(
    records: &[Entry],
    remove: &[Entry],
    add: Vec<Entry>,
) -> Result<Vec<Entry>, ChangeError> {
    let refused = |why: String| Err(ChangeError::Refused(why));
    let ours = |one: &&Entry| is_the_signers(one) || one.rtype() == Rtype::SOA;
    if let Some(record) = remove.iter().chain(&add).find(ours) {
        return refused(format!("{} records are made here", record.rtype()));
    }
    let mut records = records.to_vec();
    for gone in remove {
        let Some(place) = records.iter().position(|one| one.canonical_cmp(gone).is_eq()) else {
            return refused(format!("there is no record {gone}"));
        };
        records.remove(place);
    }
    records.extend(add);
    let alias = |one: &&Entry| one.rtype() == Rtype::CNAME;
    for alias in records.iter().filter(alias) {
        let other = |one: &&Entry| one.owner() == alias.owner() && one.canonical_cmp(alias).is_ne();
        if let Some(other) = records.iter().find(other) {
            let (name, rtype) = (other.owner(), other.rtype());
            return refused(format!("{name} cannot be an alias and have another {rtype} record"));
        }
    }
    Ok(records)
}
