//! A resolver with files of its own.

use std::{
    fs,
    net::IpAddr,
    path::PathBuf,
    sync::{Arc, Mutex},
};

use resolver::{Config, LookupError, Outcome, Resolver};
use tempfile::TempDir;

/// The resolver, its files, and what it said about them.
pub(crate) struct Fixture {
    pub(crate) resolver: Resolver,
    folder: TempDir,
    warnings: Arc<Mutex<Vec<String>>>,
}

/// A resolver that reads `text` as `resolv.conf` and asks on `port`. It has no hosts file.
pub(crate) fn resolver(text: &str, port: u16) -> Fixture {
    let folder = tempfile::tempdir().unwrap();
    let config = Config {
        hosts: folder.path().join("hosts"),
        resolv_conf: folder.path().join("resolv.conf"),
        port,
    };
    let warnings = Arc::new(Mutex::new(Vec::new()));
    let reported = Arc::clone(&warnings);
    let resolver = Resolver::with_warnings(config, move |warning| {
        reported.lock().unwrap().push(warning.to_string());
    });
    let fixture = Fixture { resolver, folder, warnings };
    fixture.rewrite(text);
    fixture
}

impl Fixture {
    pub(crate) fn resolv_conf(&self) -> PathBuf {
        self.folder.path().join("resolv.conf")
    }

    pub(crate) fn hosts(&self) -> PathBuf {
        self.folder.path().join("hosts")
    }

    /// Rewrites `resolv.conf` in place: same inode, as Chaos Mesh does.
    pub(crate) fn rewrite(&self, text: &str) {
        fs::write(self.resolv_conf(), text).unwrap();
    }

    /// Rewrites the hosts file in place.
    pub(crate) fn rewrite_hosts(&self, text: &str) {
        fs::write(self.hosts(), text).unwrap();
    }

    /// Replaces `resolv.conf` by a rename: new inode, as kubelet does.
    pub(crate) fn replace(&self, text: &str) {
        let new = self.folder.path().join("resolv.conf.new");
        fs::write(&new, text).unwrap();
        fs::rename(new, self.resolv_conf()).unwrap();
    }

    pub(crate) async fn addresses(&self, name: &str) -> Result<Vec<IpAddr>, LookupError> {
        self.resolver.lookup(name).await.map(|found| found.addresses)
    }

    pub(crate) async fn outcome(&self, name: &str) -> Outcome {
        self.addresses(name).await.map_or_else(|error| error.outcome(), |_| Outcome::Ok)
    }

    /// Everything that was reported so far.
    pub(crate) fn warnings(&self) -> Vec<String> {
        self.warnings.lock().unwrap().clone()
    }
}

pub(crate) fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}
