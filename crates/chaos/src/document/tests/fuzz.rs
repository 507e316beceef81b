//! No text, however broken, may make the parser panic.

use proptest::prelude::*;

use super::{TALK, parse};

/// One document of each other kind, with most fields in use.
const OTHERS: &str = "
{apiVersion: chaos-mesh.org/v1alpha1, kind: StressChaos, metadata: {name: a}, spec: {mode: all, selector: {}, stressors: {cpu: {workers: 1, load: 5}, memory: {workers: 1, size: 1.5MiB, options: [-time, 3s]}}}}
---
{apiVersion: chaos-mesh.org/v1alpha1, kind: HTTPChaos, metadata: {name: a}, spec: {mode: all, selector: {}, target: Request, port: 80, delay: 1s, replace: {body: YQ==}, patch: {body: {type: JSON, value: '{}'}, queries: [[a, b]]}}}
---
{apiVersion: chaos-mesh.org/v1alpha1, kind: NetworkChaos, metadata: {name: a}, spec: {action: netem, mode: all, selector: {}, direction: to, target: {mode: fixed, value: '2', selector: {}}, externalTargets: ['a.org:1'], delay: {latency: 1ms, jitter: 0ms}, loss: {loss: '5'}, rate: {rate: 1mbps}}}
---
{apiVersion: chaos-mesh.org/v1alpha1, kind: StatusCheck, metadata: {name: a}, spec: {type: HTTP, http: {url: 'http://a/', criteria: {statusCode: 200-299}}}}
---
{apiVersion: chaos-mesh.org/v1alpha1, kind: Workflow, metadata: {name: a}, spec: {entry: a, templates: [{name: a, templateType: Parallel, children: [b, c]}, {name: b, templateType: Suspend, deadline: 1s}, {name: c, templateType: PodChaos, deadline: 1s, podChaos: {action: pod-kill, mode: one, selector: {}}}]}}
";

#[test]
fn the_undamaged_documents_are_read() {
    assert_eq!(parse("x.yaml", OTHERS).unwrap().len(), 5);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]
    #[test]
    fn no_text_makes_the_parser_panic(text in "\\PC{0,200}|[a-z:{}\\[\\]&*!|>'\"\n -]{0,200}") {
        let _ = parse("x.yaml", &text);
    }

    #[test]
    fn no_damaged_document_makes_the_parser_panic(at in 0..TALK.len(), junk in "[:{}\\[\\]&*!|>'\"\n0-9a-z-]{0,8}") {
        let mut text = TALK.to_owned();
        text.insert_str(at, &junk);
        let _ = parse("x.yaml", &text);
    }

    #[test]
    fn no_damaged_document_of_another_kind_makes_the_rules_panic(at in 0..OTHERS.len(), junk in "[:{}\\[\\]&*!|>'\"\n0-9a-z%.-]{0,6}", cut in 0..3_usize) {
        let mut text = OTHERS.to_owned();
        text.replace_range(at..(at + cut).min(OTHERS.len()), &junk);
        for document in parse("x.yaml", &text).into_iter().flatten() {
            let _ = (document.refusals(), document.mechanism());
            let _ = document.lints(crate::fields::duration::GoDuration::from_nanos(1), jiff::Timestamp::UNIX_EPOCH);
        }
    }
}
