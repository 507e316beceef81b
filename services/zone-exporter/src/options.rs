//! The command line. What it says goes before the environment, which says the same in a pod.

use clap::Parser;
use clap::builder::RangedU64ValueParser;
use domain::base::Name;

use crate::target::split;

const EXAMPLES: &str = "\
Examples:
  zone-exporter --zone example.org --server ns1.example.org --server 192.0.2.1
      asks both every 10 seconds; what they say is on http://127.0.0.1:9000/metrics
  zone-exporter --zone example.org --server 192.0.2.1,[2001:db8::1]:5353 --once
      asks once and prints it; exit code 1 if one of them did not answer
  zone-exporter --zone example.org --server ns1.example.org --once >textfiles/zone.prom
      from cron, into the folder of node_exporter's textfile collector
  zone-exporter
      answers /probe?zone=example.org&server=ns1.example.org on port 8000, as blackbox_exporter does

A name with several addresses is several servers. Each is asked over UDP and over TCP for the SOA
record, and for the signatures over SOA, DNSKEY and NS. Nothing has to be set up on the servers.

Exit codes: 0 it was stopped, or --once had all its answers; 1 with --once: a probe failed, and
standard error says why; 2 it could not start.

Environment: ZONES, SERVERS, PROBE_EVERY and PROBE_TIMEOUT say the same as the first four options,
which go before them. ROCKET_ADDRESS, ROCKET_PORT (default 8000) and ADMIN_PORT (default 9000) are
where it listens; RESOLV_CONF, RESOLV_PORT and HOSTS_FILE, how servers' names become addresses.";

/// What any nameservers say about a zone: how old, how far behind, signed for how long
#[derive(Debug, Parser)]
#[command(name = "zone-exporter", version, after_long_help = EXAMPLES, max_term_width = 120)]
pub struct Options {
    /// A zone; several with commas, or by saying it again [env: ZONES]
    #[arg(long = "zone", value_name = "NAME", value_delimiter = ',', value_parser = zone)]
    zones: Vec<String>,

    /// A nameserver, by name or address, which is asked for each zone; several as above
    /// [env: SERVERS]
    #[arg(long = "server", value_name = "HOST[:PORT]", value_delimiter = ',', value_parser = server)]
    servers: Vec<String>,

    /// Seconds between two rounds [default: 10] [env: PROBE_EVERY]
    #[arg(long, value_name = "SECONDS", value_parser = RangedU64ValueParser::<u64>::new().range(1..))]
    every: Option<u64>,

    /// Seconds that an answer may take [default: 2] [env: PROBE_TIMEOUT]
    #[arg(long, value_name = "SECONDS", value_parser = RangedU64ValueParser::<u64>::new().range(1..))]
    timeout: Option<u64>,

    /// Ask once, print the metrics, and exit: with 1 if a probe failed
    #[arg(long, conflicts_with = "every")]
    pub once: bool,
}

impl Options {
    /// What was said, as the settings that say the same.
    pub fn settings(&self) -> Vec<(&'static str, String)> {
        let list = |words: &[String]| (!words.is_empty()).then(|| words.join(","));
        let seconds = |seconds: Option<u64>| seconds.map(|seconds| seconds.to_string());
        let all = [
            ("ZONES", list(&self.zones)),
            ("SERVERS", list(&self.servers)),
            ("PROBE_EVERY", seconds(self.every)),
            ("PROBE_TIMEOUT", seconds(self.timeout)),
        ];
        all.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
    }
}

fn zone(text: &str) -> Result<String, String> {
    let name = text.trim().parse::<Name<Vec<u8>>>();
    name.map(|_| text.trim().to_owned()).map_err(|why| format!("{why}; say e.g. example.org"))
}

fn server(text: &str) -> Result<String, String> {
    let example = "say e.g. ns1.example.org or 192.0.2.1:5353";
    split(text.trim()).map(|_| text.trim().to_owned()).map_err(|why| format!("{why}; {example}"))
}
