//! What a StressChaos asks for, and what is odd about it.

use super::*;
use crate::fault::{MemorySize, StressFault};

fn spec(stressors: &str) -> StressChaos {
    let text = format!("{{mode: all, selector: {{}}, stressors: {stressors}}}");
    serde_saphyr::from_str(&text).unwrap()
}

fn fault(stressors: &str) -> StressFault {
    match spec(stressors).fault() {
        Ok(Fault::Stress(fault)) => fault,
        other => panic!("{other:?}"),
    }
}

fn refused(stressors: &str) -> String {
    spec(stressors).fault().unwrap_err().to_string()
}

fn problems(stressors: &str) -> Vec<String> {
    let mut problems = Vec::new();
    spec(stressors).check(&mut problems);
    problems.into_iter().map(|problem| problem.field).collect()
}

fn lints(stressors: &str) -> Vec<String> {
    let mut lints = Vec::new();
    spec(stressors).lints(&mut lints);
    lints.into_iter().map(|lint| lint.to_string()).collect()
}

#[test]
fn an_omitted_load_is_full() {
    let cpu = fault("{cpu: {workers: 8}}").cpu.unwrap();
    assert_eq!((cpu.workers, cpu.load_percent), (8, 100));
}

#[test]
fn the_size_is_the_total_of_all_workers() {
    let memory = fault("{memory: {workers: 4, size: 100MB}}").memory.unwrap();
    assert_eq!(memory.size, MemorySize::Bytes(100_000_000));
    assert_eq!((memory.workers, memory.oom_score_adj), (4, None));
    assert!(
        lints("{memory: {workers: 4, size: 100MB}}")[0].contains("is the total: each of the 4")
    );
}

#[test]
fn a_percentage_is_of_the_host() {
    let memory = fault("{memory: {workers: 1, size: 50%}}").memory.unwrap();
    assert_eq!(memory.size, MemorySize::PercentOfHost(50.0));
    assert!(lints("{memory: {workers: 1, size: 50%}}")[0].contains("of the host's memory"));
}

#[test]
fn memory_may_grow_over_a_time() {
    for options in ["[-time, 30s]", "['-time 30s']", "[--time=30s]"] {
        let memory = fault(&format!("{{memory: {{workers: 1, size: 1MB, options: {options}}}}}"));
        assert_eq!(memory.memory.unwrap().grow_seconds, 30.0, "{options}");
    }
}

#[test]
fn what_stress_ng_would_do_is_refused_by_its_field() {
    assert!(refused("{cpu: {workers: 1, options: [--vm]}}").starts_with("stressors.cpu.options: "));
    assert!(
        refused("{memory: {workers: 1, options: [-keep]}}")
            .starts_with("stressors.memory.options: this stage cannot do `-keep`")
    );
    assert!(
        refused("{memory: {workers: 1, oomScoreAdj: -5}}")
            .starts_with("stressors.memory.oomScoreAdj: ")
    );
    let stressng: StressChaos =
        serde_saphyr::from_str("{mode: all, selector: {}, stressngStressors: --cpu 1}").unwrap();
    assert!(stressng.fault().unwrap_err().field == "stressngStressors");
}

#[test]
fn numbers_out_of_range_are_refused() {
    assert_eq!(problems("{}"), ["stressors"]);
    assert_eq!(
        problems("{cpu: {workers: 8193, load: 101}}"),
        ["stressors.cpu.workers", "stressors.cpu.load"]
    );
    assert_eq!(
        problems("{memory: {workers: 1, size: much, oomScoreAdj: 1001}}"),
        ["stressors.memory.size", "stressors.memory.oomScoreAdj"]
    );
    assert!(problems("{cpu: {workers: 8192, load: 100}}").is_empty());
}

#[test]
fn workers_that_take_nothing_are_linted() {
    assert!(lints("{cpu: {workers: 0}}")[0].starts_with("stressors.cpu.workers: 0 workers"));
    assert!(lints("{cpu: {workers: 1, load: 0}}")[0].starts_with("stressors.cpu.load: "));
    assert!(lints("{memory: {workers: 1}}")[0].contains("omitted counts as 0"));
    assert!(lints("{cpu: {workers: 1}}").is_empty());
}
