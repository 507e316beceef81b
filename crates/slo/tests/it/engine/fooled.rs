//! The three ways in which `now - serial < limit` is fooled: the naive rule is content, ours are
//! not, and the alarm comes before the first signature ends.

use slo::{Catalogue, Clock};

use crate::promtool::{firing, raw_test};

const AGE: &str =
    r#"zone_serial_age_seconds{job="zone-exporter",zone="a",server="nameserver:8053 192.0.2.1"}"#;
const NS: &str = r#"zone_rrsig_expiry_timestamp_seconds{job="zone-exporter",zone="a",server="nameserver:8053 192.0.2.1",rrtype="NS"}"#;
const SOA: &str = r#"zone_rrsig_expiry_timestamp_seconds{job="zone-exporter",zone="a",server="nameserver:8053 192.0.2.1",rrtype="SOA"}"#;
const BEHIND: &str =
    r#"zone_serial_behind{job="zone-exporter",zone="a",server="nameserver:8053 192.0.2.1"}"#;
const SIGNER_BEHIND: &str =
    r#"zone_serial_behind{job="zone-exporter",zone="a",server="signer:8053"}"#;

fn zone() -> Catalogue {
    let text = include_str!("../../../../../manifests/slo/zone.yaml");
    Catalogue::load(&[("manifests/slo/zone.yaml", text)]).unwrap()
}

/// What wakes somebody, at this time.
fn pages(at: &str, expected: [(&str, f64); 4]) -> Vec<(String, String, f64)> {
    let check = |(alert, value)| (at.to_owned(), firing(alert, ",severity=\"page\""), value);
    expected.map(check).to_vec()
}

fn judged(input: &[(&str, &str)], checks: &[(String, String, f64)]) {
    let input: Vec<_> =
        input.iter().map(|(series, values)| (*series, (*values).to_owned())).collect();
    raw_test(Clock::Stage, &zone(), "1s", &input, checks);
}

/// A minute of calm; the signer fails; twenty seconds later, and ever after, there are changes:
/// each renews the serial and the signature over the SOA record.
#[test]
fn a_change_while_the_signer_fails() {
    let mut checks = pages(
        "59s",
        [
            ("ZoneNaive", 0.0),
            ("ZoneSerialAge", 0.0),
            ("ZoneSignatureRemaining", 0.0),
            ("ZoneAgreement", 0.0),
        ],
    );
    checks.extend(pages(
        "100s",
        [
            ("ZoneNaive", 0.0),
            ("ZoneSerialAge", 0.0),
            ("ZoneSignatureRemaining", 1.0),
            ("ZoneAgreement", 0.0),
        ],
    ));
    let left = format!("{NS} - time() > bool 0");
    checks.push(("100s".to_owned(), format!("max({left})"), 1.0));
    judged(
        &[
            (AGE, "4x59 5+1x19 0x120"),
            (NS, "86+1x59 146x140"),
            (SOA, "86+1x59 146x20 170+1x120"),
            (BEHIND, "0x200"),
        ],
        &checks,
    );
}

#[test]
fn a_serial_of_next_year() {
    let checks = pages(
        "80s",
        [
            ("ZoneNaive", 0.0),
            ("ZoneSerialAge", 1.0),
            ("ZoneSignatureRemaining", 0.0),
            ("ZoneAgreement", 0.0),
        ],
    );
    judged(
        &[
            (AGE, "4x59 -31536000+1x60"),
            (NS, "86+1x120"),
            (SOA, "86+1x120"),
            (BEHIND, "0x120"),
            (SIGNER_BEHIND, "0x120"),
        ],
        &checks,
    );
}

/// The signer is back, and its nameservers do not follow.
#[test]
fn a_signer_that_went_back() {
    let checks = pages(
        "80s",
        [
            ("ZoneNaive", 0.0),
            ("ZoneSerialAge", 1.0),
            ("ZoneSignatureRemaining", 0.0),
            ("ZoneAgreement", 1.0),
        ],
    );
    judged(
        &[
            (AGE, "-31536000+1x120"),
            (NS, "86+1x120"),
            (SOA, "86+1x120"),
            (BEHIND, "0x120"),
            (SIGNER_BEHIND, "0x59 31536000x60"),
        ],
        &checks,
    );
}
