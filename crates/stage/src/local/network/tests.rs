//! The network follows the pods.

use super::*;
use crate::local::testing::{LIVES, SERVICES, TestStage, web};

#[tokio::test]
async fn services_and_names_lead_to_the_pods_that_are_ready() {
    let mut stage = TestStage::new(LIVES).await;
    stage.apply(&(web(2, "") + SERVICES)).await;
    assert!(stage.network.take_changed());
    stage.network.follow(&stage.pods);
    assert!(stage.network.look_up("each.demo").is_empty());
    stage.tick().await;
    stage.network.follow(&stage.pods);
    let all: Vec<Ipv4Addr> = stage.pods.iter().map(Pod::ip).collect();
    let status = stage.network.status();
    assert_eq!(status.iter().map(|s| &s.ready).collect::<Vec<_>>(), [&all, &all]);
    assert_eq!(stage.network.look_up("each.demo.svc.cluster.local."), all);
    let service = status.iter().find_map(|service| service.ip).unwrap();
    assert_eq!(stage.network.look_up("WEB.demo"), [service]);

    stage.pods.hold_down(&stage.pod(0)).unwrap();
    stage.network.follow(&stage.pods);
    assert_eq!(stage.network.look_up("each.demo"), all[1..]);
}

#[tokio::test]
async fn a_pod_that_is_gone_takes_its_faults_with_it() {
    let mut stage = TestStage::new(LIVES).await;
    let pod = Ipv4Addr::new(127, 1, 1, 1);
    let until = Instant::now() + std::time::Duration::from_secs(60);
    stage.network.set_network_fault(pod, "x", Some((NetworkRule::default(), until)));
    assert!(stage.network.take_changed());
    assert_eq!(stage.network.fault_names(pod), ["network/x"]);
    assert_eq!(stage.network.lapsed_network_faults(until), [(pod, "x".to_owned())]);
    stage.network.forget(pod);
    assert!(stage.network.fault_names(pod).is_empty());
}
