//! What the fuzzer once choked on, and what it starts from: no parser chokes on it again.

#[path = "../fuzz/targets.rs"]
mod targets;

use e2e::{files, root};

#[test]
fn every_kept_input_is_taken() {
    for (name, target) in targets::TARGETS {
        let inputs = files(&root().join("tests/fuzz/kept").join(name), "");
        assert!(!inputs.is_empty(), "tests/fuzz/kept/{name} is empty");
        for input in inputs {
            println!("{}", input.display()); // shown if the target panics
            target(&std::fs::read(&input).expect("a file that was listed"));
        }
    }
}
