//! NetworkChaos: what leaves a pod is delayed, lost, slowed down or dropped.
//!
//! Only what *leaves* is shaped: direction `to` shapes the selected pods towards the targets,
//! `from` shapes the targets towards the selected pods, `both` does both. The blocks `delay`,
//! `loss` and `rate` are merged, whatever `action` says.

mod fault;
mod lints;
mod parse;
mod spec;

use std::sync::Arc;

use crate::fault::{Fault, Peer};
use crate::fields::problem::Problem;
use crate::fields::read::read;
use crate::kind::{Chaos, Column, Common, Kind, OtherEnd, Scope, Side};
use crate::target::Target;

pub use spec::{
    Bandwidth, Corrupt, Delay, Direction, Duplicate, Loss, NetworkAction, NetworkChaos, OtherPods,
    Rate, Reorder,
};

pub(crate) static KIND: Kind = Kind {
    name: "NetworkChaos",
    schedule_key: "networkChaos",
    columns: &[
        Column { title: "ACTION", field: "action" },
        Column { title: "DURATION", field: "duration" },
    ],
    parse: |value, parent, problems| Some(Arc::new(read::<NetworkChaos>(value, parent, problems)?)),
};

impl Chaos for NetworkChaos {
    fn common(&self) -> Common<'_> {
        Common {
            selector: &self.selector,
            mode: self.mode,
            value: &self.value,
            duration: self.duration.as_deref(),
            remote_cluster: self.remote_cluster.as_deref(),
            scope: Scope::Pod,
        }
    }

    fn other_end(&self) -> Option<OtherEnd<'_>> {
        self.target.as_ref().map(|target| OtherEnd {
            selector: &target.selector,
            mode: target.mode,
            value: &target.value,
        })
    }

    fn check(&self, problems: &mut Vec<Problem>) {
        fault::check(self, problems);
        // Chaos Mesh does not check the rest of a partition.
        if self.action == NetworkAction::Partition || self.direction == Direction::To {
            return;
        }
        if self.target.is_none() {
            problems.push(Problem::new(
                "target",
                "directions from and both shape what the targets send, so they need a target; add it",
            ));
        }
        if !self.external_targets.is_empty() {
            problems.push(Problem::new(
                "externalTargets",
                "cannot be shaped, so directions from and both exclude them; use direction to",
            ));
        }
    }

    fn lints(&self, lints: &mut Vec<Problem>) {
        lints::add(self, lints);
    }

    fn fault(&self) -> Result<Fault, Problem> {
        fault::build(self).map(Fault::Network)
    }

    fn aimed(&self, fault: &Arc<Fault>, side: Side, others: &[Target]) -> Option<Arc<Fault>> {
        let shaped = match side {
            Side::Selected => self.direction != Direction::From,
            Side::Other => self.direction != Direction::To,
        };
        let (true, Fault::Network(network)) = (shaped, fault.as_ref()) else {
            return None;
        };
        let mut network = network.clone();
        let pods = others.iter().cloned().map(Peer::Pod);
        match side {
            // Neither a target nor an external one means everybody.
            Side::Selected if self.target.is_none() => {}
            Side::Selected => network.towards.get_or_insert_default().extend(pods),
            Side::Other => network.towards = Some(pods.collect()),
        }
        Some(Arc::new(Fault::Network(network)))
    }

    fn mechanism(&self) -> String {
        let what = match self.action {
            NetworkAction::Partition => {
                "bytes vanish without an error, so clients see time-outs".to_owned()
            }
            NetworkAction::Bandwidth => {
                "bytes pass at the given rate (limit and buffer are not modelled)".to_owned()
            }
            _ => {
                let blocks = [
                    (
                        self.delay.is_some(),
                        "each chunk of bytes waits, and so does a new connection, which its client sees open at once: the wait shows at the first bytes",
                    ),
                    (
                        self.loss.is_some(),
                        "a lost chunk is not dropped but stalls its connection for the time of a retransmission, as TCP hides losses, while a datagram is gone; at 100 % nothing passes",
                    ),
                    (self.rate.is_some(), "bytes pass at the given rate"),
                ];
                let given = blocks.iter().filter(|(given, _)| *given);
                given.map(|(_, what)| *what).collect::<Vec<_>>().join("; ")
            }
        };
        let whose = match self.direction {
            Direction::To => "what the selected pods send",
            Direction::From => "what the targets send to the selected pods",
            Direction::Both => "each direction by itself",
        };
        format!(
            "the Service proxies shape {whose}: {what}; calls to a pod's own address, and to anything that is not a Service, are not hit"
        )
    }
}

#[cfg(test)]
mod tests;
