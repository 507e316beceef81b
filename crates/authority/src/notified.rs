//! Word from the primary that there is another version (NOTIFY, RFC 1996).

use std::net::IpAddr;
use std::sync::RwLock;

use tokio::sync::Notify;

/// Where the desk leaves word, and the secondary waits for it.
#[derive(Default)]
pub struct Notified {
    primaries: RwLock<Vec<IpAddr>>,
    word: Notify,
}

impl Notified {
    /// Whether this is an address of the primary, as it was last resolved.
    pub fn is_from_primary(&self, from: IpAddr) -> bool {
        self.primaries.read().unwrap_or_else(|poisoned| poisoned.into_inner()).contains(&from)
    }

    /// The primary's addresses.
    pub fn set_primaries(&self, addresses: Vec<IpAddr>) {
        *self.primaries.write().unwrap_or_else(|poisoned| poisoned.into_inner()) = addresses;
    }

    /// Leaves word. However often this happens before somebody looks, it is one word: a flood of
    /// notifications is one question.
    pub fn wake(&self) {
        self.word.notify_one();
    }

    /// Waits for word.
    pub async fn wait(&self) {
        self.word.notified().await;
    }
}
