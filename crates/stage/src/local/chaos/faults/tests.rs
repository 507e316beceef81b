//! Every fault ends at its moment, whether or not somebody takes it off.

use chaos::fault::{
    CpuStress, DnsAction, DnsFault, HttpFault, HttpSide, NetworkFault, StressFault,
};
use chaos::fields::patterns::Patterns;
use chaos::target::Target;

use super::*;
use crate::local::pods::Pod;
use crate::local::testing::{LIVES, TestStage, web};

/// Each kind that lasts, and what undoing it is called.
fn lasting() -> [(Fault, &'static str); 5] {
    let dns = DnsFault { action: DnsAction::Error, patterns: Patterns::default() };
    let cpu = Some(CpuStress { workers: 2, load_percent: 1 });
    [
        (Fault::PodFailure, "PodRecovered"),
        (Fault::Dns(dns), "DnsRecovered"),
        (Fault::Http(HttpFault::new(HttpSide::Request, 8000)), "HttpRecovered"),
        (
            Fault::Network(NetworkFault { partition: true, ..Default::default() }),
            "NetworkRecovered",
        ),
        (Fault::Stress(StressFault { cpu, memory: None }), "StressRecovered"),
    ]
}

struct Fixture {
    stage: TestStage,
    faults: Faults,
}

impl Fixture {
    /// One pod that runs.
    async fn new() -> Self {
        let mut stage = TestStage::new(LIVES).await;
        stage.apply(&web(1, "")).await;
        stage.tick().await;
        let (stress, spawner) = (stage.config.stress.clone(), stage.spawner.clone());
        let faults = Faults::new(stress, spawner, Default::default(), stage.events.clone());
        Self { stage, faults }
    }

    fn target(&self) -> Target {
        let pod = self.stage.pods.iter().next().unwrap();
        let name = pod.name().clone();
        let uid = pod.uid().to_owned();
        Target { namespace: name.namespace, pod: name.name, uid, container: None }
    }

    async fn set(&mut self, fault: &Fault, until: Option<Instant>) -> Result<(), StageError> {
        let (target, id, fault) = (self.target(), "x".to_owned(), fault.clone());
        let change = FaultChange { target, id, fault, until };
        let set = self.faults.set(change, &mut self.stage.pods, &mut self.stage.network);
        set.await.map(drop)
    }

    async fn tick(&mut self, now: Instant) {
        self.faults.tick(now, &mut self.stage.pods, &mut self.stage.network).await;
    }

    /// The pod as it shows.
    fn status(&self) -> PodStatus {
        self.faults.show(self.stage.pods.iter().next().unwrap(), &self.stage.network)
    }

    fn is_hit(&self) -> bool {
        let pod = self.status();
        pod.held_down || pod.dns_fault || !pod.faults.is_empty()
    }
}

#[tokio::test]
async fn every_kind_ends_at_its_moment_and_not_before() {
    for (fault, recovered) in lasting() {
        let mut fixture = Fixture::new().await;
        let until = Instant::now() + Duration::from_secs(60);
        fixture.set(&fault, Some(until)).await.unwrap();
        assert!(fixture.faults.take_changed() && fixture.is_hit(), "{fault:?}");
        fixture.tick(until - Duration::from_millis(1)).await;
        assert!(fixture.is_hit(), "{fault:?}");
        fixture.tick(until).await;
        assert!(!fixture.is_hit(), "{fault:?}");
        assert!(fixture.stage.reasons().contains(&recovered.to_owned()), "{fault:?}");
    }
}

#[tokio::test]
async fn every_kind_can_be_taken_off_also_when_it_is_not_there() {
    for (fault, _) in lasting() {
        let mut fixture = Fixture::new().await;
        fixture.set(&fault, None).await.unwrap();
        fixture.set(&fault, Some(Instant::now() + Duration::from_secs(60))).await.unwrap();
        fixture.set(&fault, None).await.unwrap();
        assert!(!fixture.is_hit(), "{fault:?}");
    }
}

#[tokio::test]
async fn a_successor_of_the_same_name_is_somebody_else() {
    let mut fixture = Fixture::new().await;
    let until = Some(Instant::now() + Duration::from_secs(60));
    let target = Target { uid: "another".into(), ..fixture.target() };
    for (fault, _) in lasting() {
        let change = FaultChange { target: target.clone(), id: "x".into(), fault, until };
        let stage = &mut fixture.stage;
        let refused = fixture.faults.set(change, &mut stage.pods, &mut stage.network).await;
        assert!(matches!(refused, Err(StageError::NotFound { kind: "Pod", .. })));
    }
    assert!(!fixture.is_hit());
}

#[tokio::test]
async fn a_kill_strikes_once_and_leaves_nothing_to_undo() {
    let mut fixture = Fixture::new().await;
    for kill in [Fault::ContainerKill, Fault::PodKill { grace_seconds: 0 }] {
        fixture.set(&kill, None).await.unwrap();
        assert!(fixture.stage.pods.iter().all(Pod::ready), "{kill:?}");
    }
    fixture.set(&Fault::PodKill { grace_seconds: 0 }, Some(Instant::now())).await.unwrap();
    assert!(fixture.stage.pods.iter().all(Pod::terminating));
}
