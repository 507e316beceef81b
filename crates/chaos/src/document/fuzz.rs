//! No text, however broken, may make the parser panic.

use proptest::prelude::*;

use super::parse;
use super::tests::TALK;

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
}
