//! What the README shows of the code.

#[test]
fn the_table_of_opentelemetrys_variables_is_that_of_the_code() {
    let readme = include_str!("../../README.md");
    let table = instrument::traces::otel::table::markdown();
    assert!(readme.contains(&table), "the README should show\n{table}");
}
