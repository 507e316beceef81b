//! What a NetworkChaos asks for, of whom, and what is odd about it.

use std::time::Duration;

use super::*;
use crate::fault::NetworkFault;

fn spec(extra: &str) -> NetworkChaos {
    let text = format!("{{mode: all, selector: {{}}, {extra}}}");
    serde_saphyr::from_str(&text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn fault(extra: &str) -> NetworkFault {
    match spec(extra).fault() {
        Ok(Fault::Network(fault)) => fault,
        other => panic!("{other:?}"),
    }
}

fn refused(extra: &str) -> String {
    spec(extra).fault().unwrap_err().field
}

fn problems(extra: &str) -> Vec<String> {
    let mut problems = Vec::new();
    spec(extra).check(&mut problems);
    problems.into_iter().map(|problem| problem.field).collect()
}

fn lints(extra: &str) -> Vec<String> {
    let mut lints = Vec::new();
    spec(extra).lints(&mut lints);
    lints.into_iter().map(|lint| lint.field).collect()
}

fn pod(name: &str) -> Target {
    Target { namespace: "default".into(), pod: name.into(), uid: name.into(), container: None }
}

/// Whom the fault on one side of an experiment is aimed at: `None` when there is no fault.
fn aim(extra: &str, side: Side) -> Option<Option<Vec<Peer>>> {
    let spec = spec(extra);
    let fault = Arc::new(spec.fault().unwrap());
    let aimed = spec.aimed(&fault, side, &[pod("other")])?;
    match aimed.as_ref() {
        Fault::Network(network) => Some(network.towards.clone()),
        other => panic!("{other:?}"),
    }
}

const TARGET: &str = "target: {mode: all, selector: {}}";

#[test]
fn blocks_are_merged_whatever_the_action_is_called() {
    let fault = fault(
        "action: loss, delay: {latency: 300ms, jitter: 50ms}, loss: {loss: '12.5'}, rate: {rate: 1mbps}",
    );
    let delay = fault.delay.unwrap();
    assert_eq!(
        (delay.latency, delay.jitter),
        (Duration::from_millis(300), Duration::from_millis(50))
    );
    assert_eq!((fault.loss_percent, fault.bytes_per_second), (12.5, Some(1 << 20)));
    assert!(!fault.partition);
}

#[test]
fn a_partition_reads_no_block_and_bandwidth_only_its_own() {
    let partition = fault("action: partition, delay: {latency: 1s}");
    assert!(partition.partition && partition.delay.is_none());
    let bandwidth = fault(
        "action: bandwidth, delay: {latency: 1s}, bandwidth: {rate: 1mbit, limit: 1, buffer: 1}",
    );
    assert_eq!((bandwidth.bytes_per_second, bandwidth.delay), (Some(125_000), None));
}

#[test]
fn only_what_leaves_is_shaped() {
    let everybody = "action: partition";
    assert_eq!(aim(everybody, Side::Selected), Some(None));
    let to = format!("action: partition, {TARGET}");
    let other = Some(vec![Peer::Pod(pod("other"))]);
    assert_eq!(aim(&to, Side::Selected), Some(other.clone()));
    assert_eq!(aim(&to, Side::Other), None);
    let from = format!("action: partition, direction: from, {TARGET}");
    assert_eq!(aim(&from, Side::Selected), None);
    assert_eq!(aim(&from, Side::Other), Some(other.clone()));
    let both = format!("action: partition, direction: both, {TARGET}");
    assert_eq!(aim(&both, Side::Selected), Some(other.clone()));
    assert_eq!(aim(&both, Side::Other), Some(other));
}

#[test]
fn external_targets_stand_beside_the_pods() {
    let outside = "action: partition, externalTargets: ['10.0.0.0/8']";
    let external = Peer::External("10.0.0.0/8".into());
    let spec = spec(outside);
    let fault = Arc::new(spec.fault().unwrap());
    let aimed = spec.aimed(&fault, Side::Selected, &[]).unwrap();
    assert!(
        matches!(aimed.as_ref(), Fault::Network(network) if network.towards == Some(vec![external.clone()]))
    );
    let with_pods = format!("{outside}, {TARGET}");
    assert_eq!(
        aim(&with_pods, Side::Selected),
        Some(Some(vec![external, Peer::Pod(pod("other"))]))
    );
}

#[test]
fn what_admission_refuses_is_refused() {
    assert_eq!(
        problems("action: delay, delay: {latency: 1m30s, jitter: -1ms, correlation: much}"),
        ["delay.latency", "delay.jitter", "delay.correlation"]
    );
    assert_eq!(problems("action: loss, loss: {loss: ten}"), ["loss.loss"]);
    assert_eq!(
        problems("action: bandwidth, bandwidth: {rate: 1, limit: 0, buffer: 0}"),
        ["bandwidth.rate", "bandwidth.limit", "bandwidth.buffer"]
    );
    assert_eq!(
        problems("action: netem, direction: from, rate: {rate: fast}"),
        ["rate.rate", "target"]
    );
    let outside = format!("action: loss, direction: both, externalTargets: [a.org], {TARGET}");
    assert_eq!(problems(&outside), ["externalTargets"]);
    // The webhook returns early for a partition; this stage then refuses it at injection.
    assert!(problems("action: partition, direction: from").is_empty());
    assert_eq!(refused("action: partition, direction: from"), "target");
}

#[test]
fn what_this_stage_cannot_do_is_refused_by_its_field() {
    for (extra, field) in [
        ("action: duplicate, duplicate: {duplicate: '1'}", "duplicate"),
        ("action: corrupt, corrupt: {corrupt: '1'}", "corrupt"),
        ("action: delay, delay: {latency: 1s, reorder: {reorder: '1', gap: 2}}", "delay.reorder"),
        ("action: delay, delay: {latency: 1s, correlation: '125'}", "delay.correlation"),
        ("action: loss, loss: {loss: '10', correlation: '-5'}", "loss.correlation"),
        ("action: loss, loss: {loss: '101'}", "loss.loss"),
        ("action: delay", "delay"),
        ("action: bandwidth", "bandwidth"),
        (
            "action: bandwidth, bandwidth: {rate: 1mbps, limit: 1, buffer: 1, peakrate: 1}",
            "bandwidth.peakrate",
        ),
        ("action: bandwidth, bandwidth: {rate: 0bps, limit: 1, buffer: 1}", "bandwidth.rate"),
        ("action: partition, device: eth1", "device"),
        ("action: partition, targetDevice: eth1", "targetDevice"),
        ("action: partition, externalTargets: ['::1']", "externalTargets[0]"),
    ] {
        assert_eq!(refused(extra), field, "{extra}");
    }
}

#[test]
fn correlations_are_done_and_without_anything_to_correlate_mean_nothing() {
    let documented = "action: delay, delay: {latency: 90ms, jitter: 90ms, correlation: '25'}, loss: {loss: '50', correlation: '75'}";
    let fault = fault(documented);
    assert_eq!((fault.delay.unwrap().correlation, fault.loss_correlation), (25.0, 75.0));
    let plain = "action: delay, delay: {latency: 300ms, correlation: '100', jitter: 0ms}";
    assert!(spec(plain).fault().is_ok() && lints(plain).is_empty());
    assert_eq!(lints("action: loss, loss: {loss: '9', correlation: '25'}"), ["loss.correlation"]);
}

#[test]
fn unlikely_documents_are_linted() {
    assert_eq!(
        lints("action: delay, delay: {latency: 0.5ms, jitter: 0.1s}"),
        ["delay.latency", "delay.jitter"]
    );
    assert!(lints("action: delay, delay: {latency: 10ms, jitter: 0ms}").is_empty());
    assert_eq!(lints("action: delay, delay: {latency: 10ms}, loss: {loss: '1'}"), ["loss"]);
    assert!(lints("action: netem, delay: {latency: 10ms}, loss: {loss: '1'}").is_empty());
    assert_eq!(lints("action: partition, delay: {latency: 10ms}"), ["delay"]);
    assert_eq!(lints("action: partition, externalTargets: [a.org]"), ["externalTargets"]);
    assert_eq!(
        lints("action: partition, target: {mode: one, value: '1', selector: {}}"),
        ["target.value"]
    );
}
