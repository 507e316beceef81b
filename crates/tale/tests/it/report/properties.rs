//! Whatever a report says, each of its forms can be read back.

use proptest::prelude::*;
use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

use super::samples::{chart, filled_with, series, small};
use super::{from_json, html, json, junit, markdown, svg};

/// Texts that renderers stumble over, between arbitrary ones.
fn any_text() -> impl Strategy<Value = String> {
    let nasty = prop::sample::select(vec![
        "<script>alert(1)</script>",
        "]]>",
        "&amp;",
        "a | b",
        "\\|",
        "\"quoted\" 'twice'",
        "```",
        "</pre></details>",
        "-->",
        "*bold* _it_ [a](b) <b>",
        "line\nline\r\nline",
        "\0\u{8}\u{1b}[31m",
        "\u{fffe}\u{ffff}",
        "https://example.org @all #1 :smile: $x$",
        "",
        " ",
        "日本語 ☎ e\u{301}",
    ]);
    prop_oneof![
        prop::collection::vec(prop_oneof![any::<String>(), nasty.prop_map(str::to_owned)], 0..4)
            .prop_map(|parts| parts.concat()),
        prop::collection::vec(any::<char>(), 0..40).prop_map(String::from_iter),
    ]
}

/// The text as XML can hold it.
fn in_xml(text: &str) -> String {
    let allowed = |letter: char| match letter {
        '\n' | '\t' => letter,
        '\u{fffe}' | '\u{ffff}' => '\u{fffd}',
        letter if letter.is_control() => '\u{fffd}',
        letter => letter,
    };
    text.chars().map(allowed).collect()
}

proptest! {
    #[test]
    fn junit_is_well_formed_and_names_every_promise(text in any_text()) {
        let xml = junit(&filled_with(&text));
        let document = roxmltree::Document::parse(&xml).map_err(|error| TestCaseError::fail(format!("{error}\n{xml}")))?;
        let cases: Vec<_> = document.descendants().filter(|node| node.has_tag_name("testcase")).collect();
        prop_assert_eq!(cases.len(), 4);
        // A parser turns line feeds and tabs of an attribute into blanks.
        let name = in_xml(&text).replace(['\n', '\t'], " ");
        prop_assert!(cases.iter().all(|case| case.attribute("name") == Some(name.as_str())));
        let note = document.descendants().find(|node| node.has_tag_name("system-out")).and_then(|node| node.text());
        prop_assert_eq!(note.unwrap_or_default(), in_xml(&text));
    }

    #[test]
    fn the_page_is_well_formed_and_holds_no_script(text in any_text()) {
        let page = html(&filled_with(&text));
        let body = page.strip_prefix("<!DOCTYPE html>\n").unwrap();
        let document = roxmltree::Document::parse(body).map_err(|error| TestCaseError::fail(format!("{error}\n{body}")))?;
        prop_assert!(!document.descendants().any(|node| node.tag_name().name() == "script"));
        let title = document.descendants().find(|node| node.has_tag_name("h1")).and_then(|node| node.text());
        prop_assert_eq!(title.unwrap_or_default(), in_xml(&text));
    }

    #[test]
    fn a_chart_is_well_formed_for_any_text_and_any_points(
        text in any_text(),
        lines in prop::collection::vec(prop::collection::vec((any::<f64>(), any::<f64>()), 0..12), 0..7),
        seconds in any::<f64>(),
        fault in any::<f64>(),
    ) {
        let mut report = filled_with(&text);
        report.seconds = seconds;
        report.faults[0].from_s = fault;
        report.alerts[0].resolved_s = Some(fault + 1.0);
        report.acts[1].to_s = fault;
        let mut chart = chart(vec![]);
        chart.title = text.clone();
        chart.series = lines.iter().enumerate().map(|(index, points)| series(&format!("{text}{index}"), points)).collect();
        let drawn = svg(&report, &chart);
        let document = roxmltree::Document::parse(&drawn).map_err(|error| TestCaseError::fail(format!("{error}\n{drawn}")))?;
        let numbers = document.descendants().filter(|node| node.tag_name().name() != "style").flat_map(|node| {
            node.attributes().filter(|attribute| ["x", "y", "width", "height", "cx", "cy", "d"].contains(&attribute.name())).map(|attribute| attribute.value().to_owned()).collect::<Vec<_>>()
        });
        for number in numbers {
            prop_assert!(!number.contains("NaN") && !number.contains("inf"), "{number}");
        }
    }

    #[test]
    fn the_markdown_table_keeps_its_shape_and_its_words(text in any_text()) {
        let page = markdown(&filled_with(&text));
        let (mut rows, mut cells, mut cell) = (0, vec![], None::<String>);
        for event in Parser::new_ext(&page, Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH) {
            match event {
                Event::Start(Tag::TableCell) => cell = Some(String::new()),
                Event::End(TagEnd::TableCell) => cells.extend(cell.take()),
                Event::End(TagEnd::TableRow) => rows += 1,
                Event::Text(text) => cell.iter_mut().for_each(|cell| cell.push_str(&text)),
                Event::Start(_) | Event::Code(_) | Event::InlineHtml(_) if cell.is_some() => prop_assert!(false, "markup in a cell: {event:?}\n{page}"),
                _ => {}
            }
        }
        // Five columns of promises with their head, then four of budgets, and four of messages.
        prop_assert_eq!((rows, cells.len()), (4 + 1 + 1, 25 + 8 + 8), "{}", page);
        let plain: String = text.chars().filter(|letter| letter.is_whitespace() || !letter.is_control()).collect();
        let plain = plain.split_whitespace().collect::<Vec<_>>().join(" ");
        prop_assert!(cells[5..25].chunks(5).all(|row| row[2] == plain) && cells[29] == plain, "{cells:?} instead of {plain:?}");
    }

    #[test]
    fn gate_output_cannot_leave_its_block(text in any_text()) {
        let mut report = small();
        report.gates[0].text.clone_from(&text);
        let page = markdown(&report);
        let mut blocks = vec![];
        let mut inside = None::<String>;
        for event in Parser::new_ext(&page, Options::ENABLE_TABLES) {
            match event {
                Event::Start(Tag::CodeBlock(_)) => inside = Some(String::new()),
                Event::End(TagEnd::CodeBlock) => blocks.extend(inside.take()),
                Event::Text(text) => inside.iter_mut().for_each(|block| block.push_str(&text)),
                _ => {}
            }
        }
        prop_assert_eq!(blocks.len(), 2, "{}", page);
        prop_assert_eq!(blocks[1].as_str(), "./tale play dns-leak --seed 7\n");
    }

    #[test]
    fn a_report_survives_json(text in any_text(), took in 0_u32..1_000_000, limit in prop::option::of(0_u32..1_000_000)) {
        let mut report = filled_with(&text);
        report.promises[0].took_s = f64::from(took) / 8.0;
        report.promises[0].within_s = limit.map(|limit| f64::from(limit) / 8.0);
        let back = from_json(&json(&report)).map_err(|error| TestCaseError::fail(error.to_string()))?;
        // NaN is not equal to itself, so the gap is looked at apart from the rest.
        prop_assert!(back.charts[0].series[0].points[2].1.is_nan());
        report.charts.clear();
        let back = super::Report { charts: vec![], ..back };
        prop_assert_eq!(back, report);
    }
}
