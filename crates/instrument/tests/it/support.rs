//! What the tests of name resolution share.

pub(crate) mod http_server;

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::{fs, net::IpAddr, path::PathBuf};

use instrument::dns::{Outcome, Resolver, ResolverConfig};
use prometheus::Registry;
use tracing::dispatcher::{DefaultGuard, Dispatch};

pub(crate) use testkit::dns_server;

/// A directory of its own for each test, removed at the end.
pub(crate) struct Sandbox {
    directory: PathBuf,
}

impl Sandbox {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let directory =
            std::env::temp_dir().join(format!("dns-test-{}-{number}", std::process::id()));
        fs::create_dir_all(&directory).unwrap();
        Self { directory }
    }

    pub(crate) fn resolv_conf(&self) -> PathBuf {
        self.directory.join("resolv.conf")
    }

    pub(crate) fn hosts(&self) -> PathBuf {
        self.directory.join("hosts")
    }

    /// Rewrites `resolv.conf` in place: same inode, as Chaos Mesh does.
    pub(crate) fn rewrite(&self, text: &str) {
        fs::write(self.resolv_conf(), text).unwrap();
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.directory);
    }
}

/// A resolver with a `resolv.conf` and a registry of its own.
pub(crate) struct Fixture {
    pub sandbox: Sandbox,
    pub registry: Registry,
    pub resolver: Resolver,
}

/// A resolver that reads `text` and asks on `port`.
pub(crate) fn resolver(text: &str, port: u16) -> Fixture {
    let sandbox = Sandbox::new();
    sandbox.rewrite(text);
    let registry = Registry::new();
    let config =
        ResolverConfig { hosts: sandbox.hosts(), resolv_conf: sandbox.resolv_conf(), port };
    let resolver = Resolver::new(config, &registry).unwrap();
    Fixture { sandbox, registry, resolver }
}

impl Fixture {
    pub(crate) async fn outcome(&self, name: &str) -> Outcome {
        self.resolver.lookup(name).await.map_or_else(|error| error.outcome(), |_| Outcome::Ok)
    }

    /// The value of a counter, or the number of observations of a histogram, by its `result`;
    /// `None` if there is no such time series.
    pub(crate) fn count(&self, metric: &str, result: &str) -> Option<u64> {
        count(&self.registry, metric, result)
    }
}

pub(crate) fn count(registry: &Registry, metric: &str, result: &str) -> Option<u64> {
    let families = registry.gather();
    let family = families.iter().find(|family| family.name() == metric)?;
    let series = family.get_metric().iter().find(|series| {
        series.get_label().iter().any(|label| label.name() == "result" && label.value() == result)
    })?;
    let histogram = series.get_histogram().get_sample_count();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "test counters are small"
    )]
    let counter = series.get_counter().get_value() as u64;
    Some(histogram + counter)
}

pub(crate) fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

/// Makes a subscriber that of this thread, until the guard is dropped.
///
/// A second one stands beside it. As long as there is only one, tracing asks the thread that comes
/// first to a span whether anybody wants it, and takes its no for an answer from all threads: that
/// of another test, which has no subscriber.
pub(crate) fn watch(subscriber: impl Into<Dispatch>) -> DefaultGuard {
    static BESIDE: LazyLock<Dispatch> =
        LazyLock::new(|| Dispatch::new(tracing_subscriber::registry()));
    LazyLock::force(&BESIDE);
    tracing::dispatcher::set_default(&subscriber.into())
}
