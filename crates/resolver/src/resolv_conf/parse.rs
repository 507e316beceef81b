//! What the lines of `resolv.conf` mean (`man 5 resolv.conf`; glibc's `resolv/res_init.c`).
//!
//! The keyword begins in the first column, its value behind blanks or tabs. Lines that begin with
//! `#` or `;` are comments. Everything that makes no sense is left out and reported.

use std::net::{SocketAddr, SocketAddrV6};

use rustix::net::{AddressFamily, SocketType, netdevice::name_to_index, socket};

use super::options;
use crate::{
    numeric,
    settings::Settings,
    warning::{Finding, Problem},
    watched_file::Text,
};

/// glibc's `MAXNS`.
const MAX_NAME_SERVERS: usize = 3;

const BLANKS: [char; 3] = [' ', '\t', '\r'];

/// Reads what can be read, and says what cannot. `port` is that of the name servers.
pub(crate) fn parse(text: &Text, port: u16) -> (Settings, Vec<Finding>) {
    let mut parser = Parser { settings: Settings::default(), port, line: 0, findings: Vec::new() };
    for (number, line) in text.lines() {
        parser.line = number;
        parser.directive(&line);
    }
    if text.is_cut {
        parser.note(Problem::TooLong);
    }
    (parser.settings, parser.findings)
}

struct Parser {
    settings: Settings,
    port: u16,
    line: usize,
    findings: Vec<Finding>,
}

impl Parser {
    fn note(&mut self, problem: Problem) {
        self.findings.push(Finding { line: self.line, problem });
    }

    fn directive(&mut self, line: &str) {
        let begins_with_blank = line.starts_with(BLANKS);
        let mut words = words(line);
        let Some(keyword) = words.next() else {
            return; // empty, or a comment
        };
        if begins_with_blank {
            return self.note(Problem::Indented);
        }
        let values: Vec<&str> = words.collect();
        match (keyword, values.as_slice()) {
            ("nameserver" | "search" | "domain" | "sortlist" | "options", []) => {
                self.note(Problem::NoValue(keyword.to_owned()));
            }
            ("nameserver", [server, ..]) => self.name_server(server),
            // Of all `search` and `domain` lines, the last one counts.
            ("search", suffixes) => {
                self.settings.search = suffixes.iter().map(|suffix| (*suffix).to_owned()).collect();
            }
            ("domain", [suffix, ..]) => self.settings.search = vec![(*suffix).to_owned()],
            ("options", values) => {
                for option in values {
                    if let Err(problem) = options::apply(option, &mut self.settings) {
                        self.note(problem);
                    }
                }
            }
            ("sortlist", _) => self.note(Problem::NotDone(keyword.to_owned())),
            _ => self.note(Problem::Keyword(keyword.to_owned())),
        }
    }

    fn name_server(&mut self, text: &str) {
        let server = match (numeric::address(text), numeric::zone(text)) {
            (Some(address), _) => SocketAddr::new(address, self.port),
            (None, Some((address, zone))) => {
                // As in glibc, a zone that does not exist is no zone.
                let scope = scope_id(zone).unwrap_or_else(|| {
                    self.note(Problem::Interface(zone.to_owned()));
                    0
                });
                SocketAddrV6::new(address, self.port, 0, scope).into()
            }
            (None, None) => return self.note(Problem::NameServer(text.to_owned())),
        };
        if self.settings.nameservers.len() == MAX_NAME_SERVERS {
            return self.note(Problem::FourthNameServer);
        }
        self.settings.nameservers.push(server);
    }
}

/// The words of a line up to a comment. (glibc knows comments only at the beginning of a line, and
/// would take `# the office` behind a search list for two more suffixes.)
fn words(line: &str) -> impl Iterator<Item = &str> {
    let words = line.split(BLANKS).filter(|word| !word.is_empty());
    words.take_while(|word| !word.starts_with(['#', ';']))
}

/// The number of a network interface, which may be written as a number already.
fn scope_id(zone: &str) -> Option<u32> {
    zone.parse().ok().or_else(|| {
        // The kernel wants some socket to ask through.
        let socket = socket(AddressFamily::INET6, SocketType::DGRAM, None)
            .or_else(|_| socket(AddressFamily::INET, SocketType::DGRAM, None));
        name_to_index(socket.ok()?, zone).ok()
    })
}

#[cfg(test)]
mod tests;
