//! Documents that are accepted, and the words in which others are refused.

mod found;
mod fuzz;
mod numbers;

use jiff::Timestamp;

use super::*;
use crate::fields::duration::GoDuration;

const TALK: &str = "
apiVersion: chaos-mesh.org/v1alpha1
kind: Schedule
metadata:
  namespace: default
  name: schedule-dns-chaos-kubecon
  annotations:
    experiment.chaos-mesh.org/pause: 'true'
spec:
  schedule: '* * * * *'
  startingDeadlineSeconds: null
  concurrencyPolicy: Allow
  historyLimit: 2
  type: DNSChaos
  dnsChaos:
    action: error
    selector: {namespaces: [default]}
    mode: all
    duration: 60s
    patterns: [o11y.*, cncf.io, gitlab.com]
";

/// A DNSChaos whose spec has `extra` lines.
fn dns(extra: &str) -> String {
    format!(
        "apiVersion: chaos-mesh.org/v1alpha1\nkind: DNSChaos\nmetadata: {{name: x}}\nspec:\n  action: error\n  mode: all\n  selector: {{}}\n{extra}"
    )
}

fn refusal(text: &str) -> String {
    parse("x.yaml", text).unwrap_err().to_string()
}

fn all_lints(text: &str) -> Vec<Problem> {
    let document = parse("x.yaml", text).unwrap().remove(0);
    let hour = GoDuration::from_nanos(3_600_000_000_000);
    document.lints(hour, Timestamp::UNIX_EPOCH)
}

fn lint_fields(text: &str) -> Vec<String> {
    let all = all_lints(text).into_iter();
    all.map(|lint| lint.field).collect()
}

#[test]
fn the_schedule_of_the_talk_is_read_as_it_is() {
    let document = parse("talk.yaml", TALK).unwrap().remove(0);
    assert!(document.meta.paused());
    let Body::Schedule(schedule) = &document.body else { panic!("not a Schedule") };
    assert_eq!((schedule.starting_deadline_seconds, schedule.history_limit), (None, Some(2)));
    assert_eq!(schedule.child.kind(), "DNSChaos");
    assert!(document.refusals().is_empty());
}

#[test]
fn what_cannot_be_carried_out_is_known_before_anything_is_injected() {
    let text = dns("  target: Response\n  port: 80\n  replace: {headers: {Content-Length: '3'}}\n")
        .replace("DNSChaos", "HTTPChaos")
        .replace("  action: error\n", "");
    let refusals = parse("x.yaml", &text).unwrap().remove(0).refusals();
    let fields: Vec<&str> = refusals.iter().map(|refusal| &*refusal.field).collect();
    assert_eq!(fields, ["spec.replace.headers.Content-Length"]);
}

#[test]
fn a_word_in_the_place_of_a_number_is_told_in_words_of_yaml() {
    let words = TALK.replace("historyLimit: 2", "historyLimit: two");
    let refusal = refusal(&words);
    assert!(
        refusal.contains("spec.historyLimit: invalid type: string \"two\"; write a whole number"),
        "{refusal}"
    );
}

#[test]
fn an_unknown_field_is_refused_with_file_document_and_path() {
    let text = format!("{}---\n{}", dns("  duration: 5s\n"), dns("  selektor: {}\n"));
    let message = refusal(&text);
    assert!(
        message.starts_with(
            "x.yaml: document 2: spec.selektor: unknown field `selektor`, expected one of"
        ),
        "{message}"
    );
}

#[test]
fn a_nested_unknown_field_is_named_with_its_path() {
    let message = refusal(&dns("").replace("selector: {}", "selector: {labels: {app: x}}"));
    assert!(message.contains("spec.selector.labels: unknown field"), "{message}");
}

#[test]
fn a_kind_that_only_chaos_mesh_can_do_is_refused_as_such() {
    let message = refusal(&dns("").replace("DNSChaos", "IOChaos"));
    assert!(
        message
            .contains("kind IOChaos is known to Chaos Mesh but the local stage cannot do it yet"),
        "{message}"
    );
    assert!(
        refusal(&dns("").replace("DNSChaos", "DogChaos"))
            .contains("`DogChaos` is not a kind of Chaos Mesh")
    );
    assert!(
        refusal(&TALK.replace("type: DNSChaos", "type: TimeChaos"))
            .contains("type TimeChaos is known to Chaos Mesh but")
    );
}

#[test]
fn metadata_beyond_the_subset_is_refused() {
    let message = refusal(&dns("").replace("{name: x}", "{name: x, colour: red}"));
    assert!(message.contains("metadata.colour: unknown field `colour`"), "{message}");
    assert!(
        refusal(&dns("").replace("name: x", "name: Bad_Name"))
            .contains("metadata.name: `Bad_Name` is not a name")
    );
    assert!(
        refusal(&dns("").replace("{name: x}", "{name: x, namespace: ../y}"))
            .contains("metadata.namespace: `../y` is not a namespace")
    );
    let forced = "{name: x, annotations: {chaos-mesh.chaos-mesh.org/cleanFinalizer: forced}}";
    assert!(refusal(&dns("").replace("{name: x}", forced)).contains("always recovers"));
}

#[test]
fn all_problems_of_a_document_are_told_at_once() {
    let message =
        refusal(&dns("  duration: 1d\n  value: ten\n").replace("mode: all", "mode: fixed"));
    assert!(message.contains("spec.value: `ten` is not a count"), "{message}");
    assert!(message.contains("spec.duration: `1d` is not a duration"), "{message}");
}

#[test]
fn values_must_be_text_as_in_kubernetes() {
    assert!(refusal(&dns("  value: 50\n")).contains("spec.value: invalid type"));
    assert!(refusal(&TALK.replace("'true'", "true")).contains("metadata.annotations"));
}

#[test]
fn a_schedule_must_carry_the_payload_of_its_type_and_no_other() {
    let message = refusal(&TALK.replace("type: DNSChaos", "type: PodChaos"));
    assert!(
        message.contains("spec.podChaos: type is PodChaos, so this payload is required"),
        "{message}"
    );
    assert!(
        message.contains("spec.dnsChaos: type is PodChaos, so nothing would read this payload"),
        "{message}"
    );
    assert!(
        refusal(&TALK.replace("historyLimit: 2", "historyLimits: 2"))
            .contains("spec.historyLimits: unknown field")
    );
}

#[test]
fn schedule_numbers_out_of_range_are_refused() {
    assert!(
        refusal(&TALK.replace("historyLimit: 2", "historyLimit: 0"))
            .contains("spec.historyLimit: 0 is out of range; write 1 to 2147483647")
    );
    assert!(
        refusal(&TALK.replace("startingDeadlineSeconds: null", "startingDeadlineSeconds: 0"))
            .contains("must be above 0")
    );
    assert!(
        refusal(&TALK.replace("Policy: Allow", "Policy: Replace"))
            .contains("spec.concurrencyPolicy: unknown variant `Replace`")
    );
    assert!(
        refusal(&TALK.replace("'* * * * *'", "'* * * *'"))
            .contains("spec.schedule: expected 5 fields")
    );
    assert!(refusal(&TALK.replace("mode: all", "mode: fixed")).contains("spec.dnsChaos.value"));
}

#[test]
fn an_empty_file_and_a_huge_one_are_refused() {
    assert!(matches!(parse("x.yaml", ""), Err(DocumentError::Empty { .. })));
    assert!(matches!(
        parse("x.yaml", &"#".repeat(MAX_FILE_BYTES + 1)),
        Err(DocumentError::TooLarge { .. })
    ));
}

#[test]
fn what_the_stage_cannot_do_is_named_although_it_parses() {
    let text = dns("  remoteCluster: other\n  patterns: ['*.org']\n")
        .replace("selector: {}", "selector: {nodeSelectors: {disk: ssd}}");
    let refused: Vec<String> = parse("x.yaml", &text).unwrap()[0]
        .refusals()
        .into_iter()
        .map(|problem| problem.field)
        .collect();
    assert_eq!(refused, ["spec.selector.nodeSelectors", "spec.remoteCluster", "spec.patterns"]);
}

#[test]
fn a_careful_schedule_has_no_lint() {
    let careful =
        TALK.replace("'* * * * *'", "'@every 10m'").replace("Allow", "Forbid").replace("60s", "3m");
    assert_eq!(lint_fields(&careful), Vec::<String>::new());
}

#[test]
fn unlikely_schedules_are_linted() {
    assert_eq!(lint_fields(TALK), ["spec.dnsChaos.duration"]);
    assert_eq!(lint_fields(&TALK.replace("Allow", "Forbid")), ["spec.dnsChaos.duration"]);
    assert_eq!(
        lint_fields(&TALK.replace("60s", "30s").replace("  historyLimit: 2\n", "")),
        ["spec.historyLimit"]
    );
    let never = TALK.replace("'* * * * *'", "'@every 90s'").replace("null", "60");
    assert_eq!(lint_fields(&never), ["spec.startingDeadlineSeconds"]);
    let endless = TALK.replace("    duration: 60s\n", "").replace("Allow", "Forbid");
    assert_eq!(lint_fields(&endless), ["spec.dnsChaos.duration", "spec.dnsChaos.duration"]);
}

#[test]
fn what_overlapping_experiments_do_to_one_another_depends_on_their_kind() {
    let overlap = |text: &str| all_lints(text).remove(0).message;
    assert!(overlap(TALK).contains("the end of one also ends its successor"));
    let (head, tail) = TALK.split_once("  dnsChaos:").unwrap();
    let tail = tail.replace("action: error", "stressors: {cpu: {workers: 1}}");
    let tail = tail.replace("patterns: [o11y.*, cncf.io, gitlab.com]", "");
    let stress = format!("{head}  stressChaos:{tail}").replace("DNSChaos", "StressChaos");
    assert!(overlap(&stress).contains("what they do to the same pod adds up"));
}

#[test]
fn unlikely_experiments_are_linted() {
    assert_eq!(
        lint_fields(&dns("  value: '2'\n  patterns: [Rust-Api]\n")),
        ["spec.duration", "spec.value", "spec.patterns[0]", "spec.patterns[0]"]
    );
    let pods = dns("  duration: -1m\n")
        .replace("selector: {}", "selector: {pods: {a: [b]}, labelSelectors: {a: b}}");
    assert_eq!(lint_fields(&pods), ["spec.duration", "spec.selector"]);
}

#[test]
fn a_container_kill_without_containers_is_refused() {
    let kill =
        dns("").replace("DNSChaos", "PodChaos").replace("action: error", "action: container-kill");
    assert!(refusal(&kill).contains("spec.containerNames: container-kill needs"));
}
