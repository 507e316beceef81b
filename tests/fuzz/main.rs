//! Hands libFuzzer's inputs to the target that `FUZZ_TARGET` names.
#![no_main]

mod targets;

use std::sync::LazyLock;

use targets::{TARGETS, Target};

static CHOSEN: LazyLock<Target> = LazyLock::new(|| {
    let wanted = std::env::var("FUZZ_TARGET").unwrap_or_default();
    let found = TARGETS.iter().find(|(name, _)| *name == wanted);
    let names: Vec<_> = TARGETS.iter().map(|(name, _)| *name).collect();
    found.map_or_else(
        || panic!("set FUZZ_TARGET to one of {}", names.join(", ")),
        |(_, target)| *target,
    )
});

libfuzzer_sys::fuzz_target!(|input: &[u8]| CHOSEN(input));
