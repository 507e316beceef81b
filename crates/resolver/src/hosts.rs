//! The hosts file: names that are known without DNS (`man 5 hosts`).
//!
//! Each line is an address and the names for it. A name counts as a whole and as it was typed,
//! without regard to upper and lower case; there is no search list. Of several lines for one name
//! all count, in their order, as with `multi on` in `/etc/host.conf`, which is what distributions
//! set.
//!
//! A writer that rewrites the file in place may be met half-way, when names are missing. They then
//! go to DNS for an instant, as in glibc.

use std::{collections::HashMap, io, net::IpAddr, path::PathBuf, sync::Arc};

use crate::{
    warning::{Finding, Problem, Reporter},
    watched_file::{Text, WatchedFile},
};

/// Longest file that is read: room for some ten thousand names.
const MAX_BYTES: u64 = 1024 * 1024;

/// The addresses of each name, which is in lower case.
pub(crate) type Table = HashMap<String, Vec<IpAddr>>;

/// The file.
#[derive(Debug)]
pub(crate) struct Hosts {
    file: WatchedFile<Table>,
    warnings: Arc<Reporter>,
}

impl Hosts {
    pub(crate) fn new(path: PathBuf, warnings: Arc<Reporter>) -> Self {
        Self { file: WatchedFile::new(path, MAX_BYTES), warnings }
    }

    /// The addresses that the file now has for `name`. A file that is missing or unreadable has
    /// none for anybody, and DNS is asked, as in glibc.
    pub(crate) fn find(&self, name: &str) -> Option<Vec<IpAddr>> {
        self.read().ok()?.get(&name.to_ascii_lowercase()).cloned()
    }

    fn read(&self) -> io::Result<Arc<Table>> {
        let parse = |text: &_| {
            let (table, findings) = parse(text);
            self.warnings.report(self.file.path(), findings);
            table
        };
        self.file.read(parse).map(|reading| reading.content)
    }
}

/// Reads what can be read, and says what cannot.
pub(crate) fn parse(text: &Text) -> (Table, Vec<Finding>) {
    let mut table = Table::new();
    let mut findings = Vec::new();
    let mut last = 0;
    for (line, text) in text.lines() {
        last = line;
        match entry(&text) {
            Ok(None) => {}
            Ok(Some((address, names))) => {
                for name in names {
                    let addresses = table.entry(name.to_ascii_lowercase()).or_default();
                    // The same line twice is one address, not two.
                    if !addresses.contains(&address) {
                        addresses.push(address);
                    }
                }
            }
            Err(problem) => findings.push(Finding { line, problem }),
        }
    }
    if text.is_cut {
        findings.push(Finding { line: last, problem: Problem::TooLong });
    }
    (table, findings)
}

/// Address and names of one line; `None` if it is empty or a comment.
fn entry(line: &str) -> Result<Option<(IpAddr, Vec<&str>)>, Problem> {
    let content = line.split('#').next().unwrap_or_default();
    let mut words = content.split_ascii_whitespace();
    let Some(address) = words.next() else {
        return Ok(None);
    };
    // Only the form with four parts counts here, as in glibc.
    let address = address.parse().map_err(|_| Problem::Host(address.to_owned()))?;
    let names: Vec<&str> = words.collect();
    if names.is_empty() {
        return Err(Problem::HostWithoutName);
    }
    Ok(Some((address, names)))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use proptest::prelude::*;

    use super::*;

    fn ips(texts: &[&str]) -> Vec<IpAddr> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    #[test]
    fn a_kubernetes_file_is_read_as_it_is() {
        let (table, findings) = parse(&Text::new(
            b"# Kubernetes-managed hosts file.\n127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost \
              ip6-loopback\n10.244.1.9\tshop-0.shop.default.svc.cluster.local\tshop-0\n",
        ));
        assert_eq!(table["localhost"], ips(&["127.0.0.1", "::1"]));
        assert_eq!(table["shop-0"], ips(&["10.244.1.9"]));
        assert_eq!(table.len(), 5);
        assert_eq!(findings, []);
    }

    #[test]
    fn case_indentation_line_ends_and_comments_behind_entries_do_not_matter() {
        let (table, findings) =
            parse(&Text::new(b"  10.0.0.1  Orders#old  shop\r\n\n10.0.0.1 orders\n"));
        assert_eq!(table, Table::from([("orders".to_owned(), ips(&["10.0.0.1"]))]));
        assert_eq!(findings, []);
    }

    #[test]
    fn a_line_that_makes_no_sense_is_reported_and_the_others_count() {
        let text = b"127.1 a\nfe80::1%eth0 b\n10.0.0.1\norders 10.0.0.1\n10.0.0.2 c";
        let (table, findings) = parse(&Text::new(text));
        assert_eq!(table.into_keys().collect::<Vec<_>>(), ["c"]);
        let host = |line, text: &str| Finding { line, problem: Problem::Host(text.to_owned()) };
        let nameless = Finding { line: 3, problem: Problem::HostWithoutName };
        assert_eq!(
            findings,
            [host(1, "127.1"), host(2, "fe80::1%eth0"), nameless, host(4, "orders")]
        );
    }

    #[test]
    fn what_does_not_fit_is_reported() {
        let text = Text { is_cut: true, ..Text::new(b"10.0.0.1 a\n10.0.0.2 b") };
        let (table, findings) = parse(&text);
        assert_eq!(
            (table.len(), findings),
            (2, vec![Finding { line: 2, problem: Problem::TooLong }])
        );
    }

    #[test]
    fn a_missing_file_and_a_directory_have_no_names() {
        for path in ["/nonexistent/hosts", "/"] {
            let hosts = Hosts::new(Path::new(path).to_owned(), Arc::new(Reporter::new(|_| {})));
            assert_eq!(hosts.find("localhost"), None, "{path}");
        }
    }

    proptest! {
        #[test]
        fn no_file_makes_it_panic(text in prop::collection::vec(any::<u8>(), 0..300)) {
            parse(&Text::new(&text));
        }

        #[test]
        fn whoever_writes_a_name_finds_it(names in prop::collection::vec("[a-zA-Z0-9.-]{1,20}", 1..5), bits in any::<u128>()) {
            let address = IpAddr::from(bits.to_be_bytes());
            let (table, findings) = parse(&Text::new(format!("{address} {}", names.join("\t")).as_bytes()));
            prop_assert_eq!(findings, []);
            for name in names {
                prop_assert_eq!(table.get(&name.to_ascii_lowercase()), Some(&vec![address]));
            }
        }
    }
}
