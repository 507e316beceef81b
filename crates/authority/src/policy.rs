//! How long signatures last, and when they are renewed.

use domain::base::Ttl;
use serde::{Deserialize, Serialize};

/// A signing policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// How long a signature lasts, in seconds.
    pub lifetime_seconds: u32,
    /// A signature is renewed when it lasts no longer than this, in seconds.
    pub refresh_seconds: u32,
    /// How long a change may take to reach every server, in seconds.
    pub propagation_delay_seconds: u32,
}

/// Why a policy cannot work.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// A cache may hold a record longer than its signature lasts.
    #[error(
        "refresh_seconds is {refresh}: too low for the longest TTL of {ttl} and a propagation delay of {delay}; \
         set it above {}", u64::from(*ttl) + u64::from(*delay)
    )]
    RefreshTooLow {
        /// The policy's.
        refresh: u32,
        /// The zone's.
        ttl: u32,
        /// The policy's.
        delay: u32,
    },
    /// Every signature would be due as soon as it is made.
    #[error(
        "refresh_seconds is {refresh}, lifetime_seconds {lifetime}: renewed before they are made; set it lower"
    )]
    RefreshTooHigh {
        /// The policy's.
        refresh: u32,
        /// The policy's.
        lifetime: u32,
    },
}

impl Policy {
    /// Signatures for two weeks, renewed in the middle.
    pub const DEFAULT: Self = Self {
        lifetime_seconds: 14 * 86_400,
        refresh_seconds: 7 * 86_400,
        propagation_delay_seconds: 3600,
    };

    /// Whether it can work for a zone with this longest TTL. It takes a zone to know, so that this
    /// is asked when a zone is signed, and not when the policy is loaded: Knot does the same.
    ///
    /// # Errors
    /// It cannot.
    pub fn check(&self, longest: Ttl) -> Result<(), PolicyError> {
        let (refresh, delay) = (self.refresh_seconds, self.propagation_delay_seconds);
        let (ttl, lifetime) = (longest.as_secs(), self.lifetime_seconds);
        if u64::from(refresh) <= u64::from(ttl) + u64::from(delay) {
            return Err(PolicyError::RefreshTooLow { refresh, ttl, delay });
        }
        if refresh >= lifetime {
            return Err(PolicyError::RefreshTooHigh { refresh, lifetime });
        }
        Ok(())
    }
}
