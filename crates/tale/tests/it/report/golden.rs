//! Each form of a small report, compared with the files in `golden/`.
//!
//! `TALES_BLESS=1 cargo test -p tale --test it report::golden` rewrites the files; look at the
//! difference before you commit.

use std::fs;
use std::path::Path;

use super::samples::small;
use super::{html, json, junit, markdown, svg};

fn matches_golden(name: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/report/golden").join(name);
    if std::env::var_os("TALES_BLESS").is_some_and(|value| value == "1") {
        fs::write(&path, text).expect("the sources can be written when blessing");
    }
    let golden = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        text == golden,
        "{} differs; if that is meant, run with TALES_BLESS=1. Now:\n{text}",
        path.display()
    );
}

/// The looks change often and are judged by eye, so goldens leave them out.
fn without_looks(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("<style>") {
        out.push_str(before);
        rest = after.split_once("</style>").map_or("", |(_, after)| after);
    }
    out + rest
}

#[test]
fn the_json_of_a_small_report_is_the_golden_one() {
    matches_golden("report.json", &json(&small()));
}

#[test]
fn the_markdown_of_a_small_report_is_the_golden_one() {
    matches_golden("report.md", &markdown(&small()));
}

#[test]
fn the_junit_of_a_small_report_is_the_golden_one() {
    matches_golden("junit.xml", &junit(&small()));
}

#[test]
fn the_chart_of_a_small_report_is_the_golden_one() {
    let report = small();
    matches_golden("chart.svg", &without_looks(&svg(&report, &report.charts[0])));
}

#[test]
fn the_page_of_a_small_report_is_the_golden_one() {
    let mut report = small();
    report.charts.clear();
    matches_golden("report.html", &without_looks(&html(&report)));
}
