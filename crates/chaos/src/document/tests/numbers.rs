//! The words in which numbers are refused.

use crate::document::{API_VERSION, parse};

/// Also far beyond what the field can hold: the range is named, never a type of Rust.
#[test]
fn numbers_out_of_range_are_refused_with_their_range() {
    let cases = [
        (
            "StressChaos",
            "stressors: {cpu: {workers: 1, load: 300}}",
            "stressors.cpu.load: 300",
            "0 to 100",
        ),
        (
            "StressChaos",
            "stressors: {cpu: {workers: -1}}",
            "stressors.cpu.workers: -1",
            "0 to 8192",
        ),
        (
            "StressChaos",
            "stressors: {memory: {workers: 5000000000}}",
            "stressors.memory.workers: 5000000000",
            "0 to 8192",
        ),
        (
            "StatusCheck",
            "timeoutSeconds: -1, http: {url: 'http://a/', criteria: {statusCode: '200'}}",
            "timeoutSeconds: -1",
            "1 to 2147483647",
        ),
        (
            "NetworkChaos",
            "action: bandwidth, bandwidth: {rate: 1mbit, limit: 5000000000, buffer: 1}",
            "bandwidth.limit: 5000000000",
            "1 to 4294967295",
        ),
        ("PodChaos", "action: pod-kill, gracePeriod: -1", "gracePeriod: -1", "0 to 2147483647"),
    ];
    for (kind, spec, field, range) in cases {
        let common = if kind == "StatusCheck" { "" } else { "mode: all, selector: {}, " };
        let text = format!(
            "{{apiVersion: {API_VERSION}, kind: {kind}, metadata: {{name: x}}, spec: {{{common}{spec}}}}}"
        );
        let message = parse("x.yaml", &text).unwrap_err().to_string();
        let expected = format!("x.yaml: document 1: spec.{field} is out of range; write {range}");
        assert_eq!(message, expected);
    }
}
