//! What is moved, and that all that belongs together moves together.

use super::*;
use crate::local::address::LoopbackNetwork;

const SHOP: &str = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: shop, namespace: demo}\n\
    spec:\n  selector: {}\n  template:\n    spec:\n      containers:\n      - name: shop\n        command: [shop]\n        image: 'orders:@@/shop:v1'\n        \
    args: ['http://orders:@@/']\n        env:\n        - {name: ORDERS_URL, value: 'http://orders.demo.svc.cluster.local:@@'}\n        \
    - {name: OTHER_URL, value: 'http://example.com:@@'}\n        - {name: MY_PORT, value: '@@'}\n        \
    ports: [{name: http, containerPort: @@}]\n        readinessProbe: {httpGet: {port: @@}}\n        \
    livenessProbe: {tcpSocket: {port: http}}\n---\n\
    apiVersion: v1\nkind: Service\nmetadata: {name: orders, namespace: demo}\n\
    spec: {selector: {a: b}, ports: [{name: http, port: @@, targetPort: @@}]}\n---\n\
    apiVersion: monitoring.coreos.com/v1\nkind: ServiceMonitor\nmetadata: {name: orders, namespace: demo}\n\
    spec: {selector: {}, endpoints: [{targetPort: @@}]}\n---\n\
    apiVersion: monitoring.coreos.com/v1\nkind: Probe\nmetadata: {name: door, namespace: demo}\n\
    spec: {targets: {staticConfig: {static: ['http://orders:@@/']}}}\n";

fn applied(port: u16) -> (Manifests, Ports, Events) {
    let mut manifests = Manifests::parse("a.yaml", &SHOP.replace("@@", &port.to_string())).unwrap();
    let (ports, events) = (Ports::default(), Events::default());
    let claim = LoopbackNetwork::claim().unwrap();
    ports.move_all(&mut manifests, claim.spare(), &events).unwrap();
    (manifests, ports, events)
}

#[test]
fn a_port_that_another_program_holds_is_moved_everywhere_and_said() {
    let program = TcpListener::bind(("0.0.0.0", 0)).unwrap();
    let port = program.local_addr().unwrap().port();
    let (manifests, ports, events) = applied(port);
    let to = ports.moved(port);
    assert_ne!(to, port);
    let container = &manifests.deployments[0].object.spec.template.spec.containers[0];
    assert_eq!(container.ports[0].container_port, to);
    assert_eq!(container.image, Some(format!("orders:{to}/shop:v1")));
    assert_eq!(container.args, [format!("http://orders:{to}/")]);
    let env: Vec<&str> = container.env.iter().filter_map(|one| one.value.as_deref()).collect();
    let url = format!("http://orders.demo.svc.cluster.local:{to}");
    assert_eq!(env, [&url, &format!("http://example.com:{port}"), &to.to_string()]);
    let number = IntOrString::Int(u64::from(to));
    let ready = container.readiness_probe.as_ref().unwrap();
    assert_eq!(ready.http_get.as_ref().unwrap().port, number);
    let service = &manifests.services[0].object.spec.ports[0];
    assert_eq!((service.port, service.target_port.as_ref()), (to, Some(&number)));
    let endpoint = &manifests.service_monitors[0].object.spec.endpoints[0];
    assert_eq!(endpoint.target_port, Some(number));
    let probe = &manifests.probes[0].object.spec.targets.static_config.urls[0];
    assert_eq!(*probe, format!("http://orders:{to}/"));
    assert_eq!(
        ports.move_in_url(&format!("http://orders.demo:{port}/x")),
        format!("http://orders.demo:{to}/x")
    );
    let said = events.recent();
    assert_eq!(said[0].reason, PORTS_MOVED);
    let me = format!("({})", std::process::id());
    assert!(
        said[0].message.contains(&me) && said[0].message.contains(&port.to_string()),
        "{said:?}"
    );
}

#[test]
fn what_is_free_stays_as_it_is() {
    let port = {
        let program = TcpListener::bind(("0.0.0.0", 0)).unwrap();
        program.local_addr().unwrap().port()
    };
    let (manifests, ports, events) = applied(port);
    let written = Manifests::parse("a.yaml", &SHOP.replace("@@", &port.to_string())).unwrap();
    assert_eq!(manifests, written);
    assert_eq!(ports.moved(port), port);
    assert!(events.recent().is_empty());
}
