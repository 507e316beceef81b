//! What CONTRIBUTING promises: a new kind of fault or of promise is a file of its own and a few
//! places that name it. So no other file may name any of the kinds there are.

use std::collections::BTreeSet;
use std::fs;

use e2e::{files, root};

/// The files of the crates, tests and examples left out, that hold one of these words.
fn that_name(words: &[String]) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for file in files(&root().join("crates"), ".rs") {
        let shown = file.strip_prefix(root()).unwrap().display().to_string();
        let text = fs::read_to_string(&file).unwrap();
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        let code = code.lines().filter(|line| !line.trim_start().starts_with("//"));
        let code: String = code.collect();
        let is_code = shown.contains("/src/") && !shown.ends_with("tests.rs");
        if is_code && words.iter().any(|word| code.contains(word.as_str())) {
            found.insert(shown);
        }
    }
    found
}

/// The variants of an enum, as `Name::Variant`.
fn variants(file: &str, name: &str) -> Vec<String> {
    let text = fs::read_to_string(root().join(file)).unwrap();
    let parsed = syn::parse_file(&text).unwrap();
    let found = parsed.items.iter().find_map(|item| match item {
        syn::Item::Enum(item) if item.ident == name => Some(item),
        _ => None,
    });
    let variants = found.unwrap_or_else(|| panic!("{file} has no enum {name}")).variants.iter();
    variants.map(|variant| format!("{name}::{}", variant.ident)).collect()
}

#[test]
fn a_kind_of_fault_is_named_in_its_own_file_and_in_two_places() {
    let mut words = variants("crates/chaos/src/fault.rs", "Fault");
    assert!(words.len() >= 7, "{words:?}");
    let named = that_name(&words);
    let elsewhere: Vec<&String> =
        named.iter().filter(|file| !file.starts_with("crates/chaos/src/kinds/")).collect();
    // Beside these two, the list of kinds in kinds.rs: three edits.
    assert_eq!(elsewhere, ["crates/stage/src/local/chaos/faults.rs"], "{named:?}");
    words = vec!["pub static SUPPORTED".to_owned()];
    assert_eq!(that_name(&words).into_iter().collect::<Vec<_>>(), ["crates/chaos/src/kinds.rs"]);
}

#[test]
fn a_kind_of_promise_is_named_in_its_own_file_and_in_one_place() {
    let folder = root().join("crates/tale/src/promises");
    let kinds: Vec<String> = files(&folder, ".rs")
        .iter()
        .map(|file| fs::read_to_string(file).unwrap())
        .filter_map(|text| {
            let (_, rest) = text.split_once("impl PromiseKind for ")?;
            Some(rest.split(' ').next()?.to_owned())
        })
        .collect();
    assert!(kinds.len() >= 6, "{kinds:?}");
    let words: Vec<String> = kinds
        .iter()
        .flat_map(|kind| {
            let module = kind.to_lowercase();
            [format!("{module}::{kind},"), format!("Kind::{kind}(")]
        })
        .collect();
    let named: Vec<String> = that_name(&words).into_iter().collect();
    assert_eq!(named, ["crates/tale/src/promises.rs"]);
}
