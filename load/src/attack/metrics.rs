//! What a scrape sees of connections that are held. Every series is there from the start, at 0.

use super::counts::{Counts, Failure};
use crate::report::Text;

/// The text of `/metrics`.
pub(crate) fn text(counts: &Counts, connections: usize) -> String {
    let totals = counts.totals().clone();
    let mut text = Text::new();
    let wanted = "load_connections_wanted";
    text.family(wanted, "gauge", "Connections to hold.");
    text.sample(wanted, "", connections);
    let open = "load_connections_open";
    text.family(open, "gauge", "Connections that are open.");
    text.sample(open, "", totals.open);
    text.counter("load_connections_opened_total", "Connections opened.", totals.opened);
    let failed = "load_connections_failed_total";
    text.family(failed, "counter", "Connections that could not be opened, by the reason.");
    for failure in Failure::ALL {
        let labels = format!("{{reason=\"{}\"}}", failure.name());
        text.sample(failed, &labels, totals.failed[&failure]);
    }
    let closed = "load_connections_closed_total";
    text.family(closed, "counter", "Connections that the server ended: it closed or reset them.");
    text.sample(closed, "{how=\"closed\"}", totals.closed);
    text.sample(closed, "{how=\"reset\"}", totals.reset);
    let life = "load_connection_lifetime_seconds";
    text.family(life, "histogram", "How long connections lived that the server ended.");
    text.histogram(life, "", &totals.life);
    text.finish()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::attack::counts::End;

    #[test]
    fn a_connection_is_open_until_it_is_closed() {
        let counts = Counts::new();
        let has = |line: &str| {
            let text = text(&counts, 7);
            assert!(text.contains(&format!("{line}\n")), "no `{line}` in\n{text}");
        };
        has("load_connections_wanted 7");
        has("load_connections_failed_total{reason=\"refused\"} 0");
        has("load_connections_closed_total{how=\"reset\"} 0");
        let open = counts.opened();
        has("load_connections_open 1");
        open.ended(End::Closed, Duration::from_secs(5), None);
        has("load_connections_open 0");
        has("load_connections_opened_total 1");
        has("load_connections_closed_total{how=\"closed\"} 1");
        has("load_connection_lifetime_seconds_bucket{le=\"3\"} 0");
        has("load_connection_lifetime_seconds_bucket{le=\"6\"} 1");
    }
}
