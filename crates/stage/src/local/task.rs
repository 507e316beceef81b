//! The task that owns a local stage. It only routes: each command to the owner that it concerns,
//! and time to all of them. One task means no locks, and no pid is signalled after it was reaped.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::signal::unix::Signal;
use tokio::sync::{mpsc, watch};
use tokio::time::MissedTickBehavior;

use super::chaos::Faults;
use super::command::{Command, Reply};
use super::monitoring::Monitoring;
use super::network::Network;
use super::pods::Pods;
use super::ports::Ports;
use crate::event::Events;
use crate::{Snapshot, StageError};

/// How often due starts, probes, kills and roll-outs are looked for.
const TICK: Duration = Duration::from_millis(50);
/// How often a stage that ends looks for pods that have ended.
const END_TICK: Duration = Duration::from_millis(10);

/// All that a local stage holds, by owner.
pub(super) struct StageTask {
    pub(super) pods: Pods,
    pub(super) network: Network,
    pub(super) monitoring: Monitoring,
    pub(super) faults: Faults,
    /// Ports that are elsewhere than the manifests say.
    pub(super) ports: Ports,
    /// What was applied and does not apply here.
    pub(super) not_applied: Vec<String>,
    /// The longest wait for pods to end by themselves at the end.
    pub(super) down_time_out: Duration,
    pub(super) events: Events,
    pub(super) snapshots: watch::Sender<Arc<Snapshot>>,
    /// The lock on the state folder.
    pub(super) _lock: std::fs::File,
}

impl StageTask {
    /// Runs until `Down`, or until nobody can send commands any more: then everything is killed at
    /// once.
    pub(super) async fn run(
        mut self,
        mut commands: mpsc::Receiver<Command>,
        mut child_ended: Signal,
    ) {
        let mut interval = tokio::time::interval(TICK);
        interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                command = commands.recv() => match command {
                    Some(Command::Down(reply)) => {
                        self.shut_down().await;
                        drop(self);
                        let _ = reply.send(Ok(()));
                        return;
                    }
                    Some(command) => self.carry_out(command).await,
                    None => return,
                },
                Some(()) = self.pods.next_probe_result() => continue,
                _ = child_ended.recv() => {}
                _ = interval.tick() => {}
            }
            self.tick(Instant::now()).await;
        }
    }

    async fn carry_out(&mut self, command: Command) {
        match command {
            Command::Apply(manifests, reply) => {
                let result = self.apply(*manifests).await;
                self.answer(reply, result);
            }
            Command::SetEnv(deployment, mut env, reply) => {
                self.ports.move_in_env(&deployment.namespace, &mut env);
                let result = self.pods.set_env(&deployment, &env);
                self.answer(reply, result);
            }
            Command::Fault(change, reply) => {
                let result = self.faults.set(*change, &mut self.pods, &mut self.network).await;
                self.answer(reply, result);
            }
            Command::Down(_) => {} // ends `run`
        }
    }

    /// Answers only when what was asked shows in the snapshot, so that nobody reads an older one
    /// after it.
    fn answer<T>(&mut self, reply: Reply<T>, result: Result<T, StageError>) {
        self.pods.reconcile();
        self.publish();
        let _ = reply.send(result);
    }

    /// Gives each owner its turn.
    async fn tick(&mut self, now: Instant) {
        self.tick_pods(now).await;
        self.faults.tick(now, &mut self.pods, &mut self.network).await;
        self.monitoring.tick();
        self.publish();
    }

    async fn tick_pods(&mut self, now: Instant) {
        for removed in self.pods.tick(now, self.faults.memory_charges()).await {
            self.network.forget(removed.ip);
            self.faults.forget(&removed);
        }
    }

    /// Ends all pods, gracefully as long as `down_time_out` allows, then Alertmanager and
    /// Prometheus.
    async fn shut_down(&mut self) {
        self.pods.end_all(self.down_time_out);
        while !self.pods.is_empty() {
            tokio::time::sleep(END_TICK).await;
            self.tick_pods(Instant::now()).await;
        }
        self.monitoring.end();
        self.publish();
    }
}
