//! Faults by pod and experiment. Each ends at its own moment, whether or not somebody takes it off.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Instant;

use tokio::sync::watch;

type Rows<T> = BTreeMap<(Ipv4Addr, String), (Arc<T>, Instant)>;

/// Faults of one sort.
pub(crate) struct Table<T> {
    rows: RwLock<Rows<T>>,
    changes: watch::Sender<()>,
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self { rows: RwLock::default(), changes: watch::channel(()).0 }
    }
}

impl<T> Table<T> {
    /// Puts the fault of experiment `id` on `pod`, in place of its earlier one, or takes it off.
    pub(crate) fn set(&self, pod: Ipv4Addr, id: &str, fault: Option<(T, Instant)>) {
        let key = (pod, id.to_owned());
        match fault {
            Some((fault, until)) => self.write().insert(key, (Arc::new(fault), until)),
            None => self.write().remove(&key),
        };
        self.changes.send_replace(());
    }

    /// Takes everything off `pod`.
    pub(crate) fn forget(&self, pod: Ipv4Addr) {
        self.write().retain(|(ip, _), _| *ip != pod);
        self.changes.send_replace(());
    }

    /// What is on `pod`, in the order of the experiments' ids, and when each lapses.
    pub(crate) fn active_on(&self, pod: Ipv4Addr, now: Instant) -> Vec<(Arc<T>, Instant)> {
        let rows = self.read();
        let of_pod = rows.range((pod, String::new())..);
        of_pod
            .take_while(|((ip, _), _)| *ip == pod)
            .filter(|(_, (_, until))| *until > now)
            .map(|(_, row)| row.clone())
            .collect()
    }

    /// Whether a fault on any pod is `wanted`.
    pub(crate) fn any(&self, wanted: impl Fn(&T) -> bool, now: Instant) -> bool {
        let rows = self.read();
        let mut active = rows.values().filter(|(_, until)| *until > now);
        active.any(|(fault, _)| wanted(fault))
    }

    /// The experiments that have a fault on `pod`.
    pub(crate) fn ids(&self, pod: Ipv4Addr) -> Vec<String> {
        let rows = self.read();
        let of_pod = rows.keys().filter(|(ip, _)| *ip == pod);
        of_pod.map(|(_, id)| id.clone()).collect()
    }

    /// The faults whose time is over.
    pub(crate) fn lapsed(&self, now: Instant) -> Vec<(Ipv4Addr, String)> {
        let rows = self.read();
        let over = rows.iter().filter(|(_, (_, until))| *until <= now);
        over.map(|(key, _)| key.clone()).collect()
    }

    /// Signals whenever [`Self::set`] or [`Self::forget`] was called.
    pub(crate) fn changes(&self) -> watch::Receiver<()> {
        self.changes.subscribe()
    }

    fn read(&self) -> RwLockReadGuard<'_, Rows<T>> {
        self.rows.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Rows<T>> {
        self.rows.write().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn experiments_on_one_pod_coexist_and_each_lapses_by_itself() {
        let (table, now) = (Table::default(), Instant::now());
        let pod = Ipv4Addr::new(127, 1, 1, 1);
        let other = Ipv4Addr::new(127, 1, 1, 2);
        table.set(pod, "long", Some((1, now + Duration::from_secs(60))));
        table.set(pod, "short", Some((2, now + Duration::from_secs(1))));
        table.set(other, "long", Some((3, now + Duration::from_secs(60))));
        let of = |at| -> Vec<i32> { table.active_on(pod, at).iter().map(|(f, _)| **f).collect() };
        assert_eq!(of(now), [1, 2]);
        let later = now + Duration::from_secs(1);
        assert_eq!(of(later), [1]);
        assert_eq!(table.lapsed(later), [(pod, "short".to_owned())]);
        table.set(pod, "long", Some((4, now + Duration::from_secs(60))));
        assert_eq!(of(later), [4]);
        table.forget(pod);
        assert!(of(now).is_empty() && table.any(|fault| *fault == 3, now));
    }
}
