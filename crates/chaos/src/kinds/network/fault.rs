//! The rules of the blocks, and the fault that they make together.

use super::parse::{self, TextError};
use super::spec::{Bandwidth, Delay, Direction, NetworkAction, NetworkChaos};
use crate::fault::{NetworkDelay, NetworkFault, Peer};
use crate::fields::problem::Problem;

pub(super) fn check(spec: &NetworkChaos, problems: &mut Vec<Problem>) {
    let mut numbers: Vec<(&str, &str)> = Vec::new();
    if let Some(delay) = &spec.delay {
        for (field, text) in [("delay.latency", &delay.latency), ("delay.jitter", &delay.jitter)] {
            note(problems, field, parse::delay(text));
        }
        if delay.latency.is_empty() {
            problems.push(Problem::new("delay.latency", "is empty; write for example 300ms"));
        }
        numbers.push(("delay.correlation", &delay.correlation));
        if let Some(reorder) = &delay.reorder {
            numbers.push(("delay.reorder.reorder", &reorder.reorder));
            numbers.push(("delay.reorder.correlation", &reorder.correlation));
        }
    }
    if let Some(loss) = &spec.loss {
        numbers
            .extend([("loss.loss", loss.loss.as_str()), ("loss.correlation", &loss.correlation)]);
    }
    if let Some(duplicate) = &spec.duplicate {
        numbers.push(("duplicate.duplicate", &duplicate.duplicate));
        numbers.push(("duplicate.correlation", &duplicate.correlation));
    }
    if let Some(corrupt) = &spec.corrupt {
        numbers.push(("corrupt.corrupt", &corrupt.corrupt));
        numbers.push(("corrupt.correlation", &corrupt.correlation));
    }
    for (field, text) in numbers {
        note(problems, field, parse::number(text));
    }
    if let Some(rate) = &spec.rate {
        note(problems, "rate.rate", parse::rate(&rate.rate));
    }
    if let Some(bandwidth) = &spec.bandwidth {
        note(problems, "bandwidth.rate", parse::rate(&bandwidth.rate));
        for (field, bytes) in
            [("bandwidth.limit", bandwidth.limit), ("bandwidth.buffer", bandwidth.buffer)]
        {
            problems.extend(Problem::of_range(field, bytes, &(1..=u32::MAX.into())));
        }
    }
}

pub(super) fn build(spec: &NetworkChaos) -> Result<NetworkFault, Problem> {
    refuse(spec)?;
    let mut fault = NetworkFault { towards: external_peers(spec)?, ..NetworkFault::default() };
    match spec.action {
        NetworkAction::Partition => fault.partition = true,
        NetworkAction::Bandwidth => {
            let bandwidth = spec.bandwidth.as_ref().ok_or_else(|| {
                Problem::new("bandwidth", "action bandwidth does nothing without it; add it")
            })?;
            fault.bytes_per_second = Some(bytes_per_second(bandwidth)?);
        }
        _ => merge_netem(spec, &mut fault)?,
    }
    Ok(fault)
}

/// What neither a proxy nor this stage has.
fn refuse(spec: &NetworkChaos) -> Result<(), Problem> {
    let netem = !matches!(spec.action, NetworkAction::Partition | NetworkAction::Bandwidth);
    let wishes = [
        (
            "device",
            !spec.device.is_empty(),
            "pods of this stage have no network device of their own; remove it",
        ),
        (
            "targetDevice",
            !spec.target_device.is_empty(),
            "pods of this stage have no network device of their own; remove it",
        ),
        (
            "duplicate",
            netem && spec.duplicate.is_some(),
            "this stage cannot send a packet twice: a proxy sees a stream of bytes; remove it",
        ),
        (
            "corrupt",
            netem && spec.corrupt.is_some(),
            "this stage cannot flip bits in packets: TCP would only send them again; remove it, and use loss",
        ),
    ];
    if let Some((field, _, message)) = wishes.iter().find(|(_, wished, _)| *wished) {
        return Err(Problem::new(*field, message));
    }
    if spec.direction != Direction::To && spec.target.is_none() {
        return Err(Problem::new(
            "target",
            "this stage shapes what pods send, so directions from and both need the pods that send; add a target",
        ));
    }
    if spec.direction != Direction::To && !spec.external_targets.is_empty() {
        return Err(Problem::new(
            "externalTargets",
            "this stage cannot drop what outsiders send; use direction to",
        ));
    }
    Ok(())
}

fn external_peers(spec: &NetworkChaos) -> Result<Option<Vec<Peer>>, Problem> {
    let peer = |(index, text): (usize, &String)| match parse::peer(text) {
        Ok(()) => Ok(Peer::External(text.clone())),
        Err(error) => Err(Problem::new(format!("externalTargets[{index}]"), error)),
    };
    let peers: Vec<Peer> =
        spec.external_targets.iter().enumerate().map(peer).collect::<Result<_, _>>()?;
    Ok((!peers.is_empty()).then_some(peers))
}

/// All blocks count, whatever the action is called.
fn merge_netem(spec: &NetworkChaos, fault: &mut NetworkFault) -> Result<(), Problem> {
    if spec.delay.is_none() && spec.loss.is_none() && spec.rate.is_none() {
        return Err(Problem::new(
            "delay",
            "nothing would be done to packets; add a block delay, loss or rate",
        ));
    }
    fault.delay = spec.delay.as_ref().map(delay).transpose()?;
    if let Some(loss) = &spec.loss {
        fault.loss_percent = parse::percent(&loss.loss).map_err(at("loss.loss"))?;
        fault.loss_correlation =
            parse::percent(&loss.correlation).map_err(at("loss.correlation"))?;
    }
    if let Some(rate) = &spec.rate {
        fault.bytes_per_second = Some(positive("rate.rate", &rate.rate)?);
    }
    Ok(())
}

fn note<T>(problems: &mut Vec<Problem>, field: &str, parsed: Result<T, TextError>) {
    problems.extend(parsed.err().map(|error| Problem::new(field, error)));
}

fn at(field: &'static str) -> impl Fn(TextError) -> Problem {
    move |error| Problem::new(field, error)
}

fn delay(delay: &Delay) -> Result<NetworkDelay, Problem> {
    if delay.reorder.is_some() {
        return Err(Problem::new(
            "delay.reorder",
            "this stage keeps the order of bytes, as TCP does; remove it",
        ));
    }
    Ok(NetworkDelay {
        latency: parse::delay(&delay.latency).map_err(at("delay.latency"))?,
        jitter: parse::delay(&delay.jitter).map_err(at("delay.jitter"))?,
        correlation: parse::percent(&delay.correlation).map_err(at("delay.correlation"))?,
    })
}

fn bytes_per_second(bandwidth: &Bandwidth) -> Result<u64, Problem> {
    let given = |set: bool, field: &str| {
        let refusal = || Problem::new(field, "this stage has one rate only; remove it");
        if set { Err(refusal()) } else { Ok(()) }
    };
    given(bandwidth.peakrate.is_some(), "bandwidth.peakrate")?;
    given(bandwidth.minburst.is_some(), "bandwidth.minburst")?;
    positive("bandwidth.rate", &bandwidth.rate)
}

fn positive(field: &'static str, text: &str) -> Result<u64, Problem> {
    match parse::rate(text).map_err(at(field))? {
        0 => Err(Problem::new(
            field,
            "lets nothing through; write at least 8bit, or use action partition",
        )),
        bytes => Ok(bytes),
    }
}
