//! The documents: what they link to and what they name has to exist.

use std::fs;
use std::path::PathBuf;

use e2e::{files, root};

/// Everything that people read. Golden files are somebody's expected output, not documents.
fn documents() -> Vec<PathBuf> {
    let mut files = files(&root(), ".md");
    files.retain(|file| !file.to_string_lossy().contains("/golden/"));
    files
}

#[test]
fn every_relative_link_leads_somewhere() {
    for file in documents() {
        let text = fs::read_to_string(&file).unwrap();
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let path = link.split('#').next().unwrap_or_default();
            if path.is_empty() || path.contains("://") {
                continue;
            }
            let target = file.parent().unwrap().join(path);
            assert!(target.exists(), "{}: {link} leads nowhere", file.display());
        }
    }
}

#[test]
fn the_transcript_in_the_readme_shows_every_act_and_promise_of_the_tale() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let transcript = readme.split("```text\n").nth(1).unwrap().split("```").next().unwrap();
    let tale = tale::story::Tale::load(&root(), "dns-leak").unwrap();
    let shown: Vec<&str> =
        transcript.lines().filter_map(|line| line.trim_start().strip_prefix("✓ ")).collect();
    let promises: Vec<String> = tale
        .acts
        .iter()
        .flat_map(|act| act.promises.iter().map(|promise| promise.text()))
        .collect();
    assert_eq!(shown.len(), promises.len());
    for (line, promise) in shown.iter().zip(&promises) {
        assert!(
            line.starts_with(promise.as_str()),
            "the README shows `{line}`, the tale promises `{promise}`"
        );
    }
    for act in &tale.acts {
        assert!(transcript.lines().any(|line| line == act.act), "{}", act.act);
    }
    for line in transcript.lines() {
        assert!(line.chars().count() <= 100, "wider than a page: {line}");
        assert!(!line.contains('…'), "something is cut: {line}");
    }
}

/// Not every machine has docker, but what the container is told can be read by everybody.
#[test]
fn every_command_that_a_container_is_told_is_one_that_the_program_takes() {
    use clap::Parser;
    let page = fs::read_to_string(root().join("docs/anywhere/README.md")).unwrap();
    let runs = ["docker run ", "podman run ", "kubectl run "];
    let commands = page.lines().filter(|line| runs.iter().any(|run| line.starts_with(run)));
    let mut count = 0;
    for command in commands {
        let told = command.split_once(" IMAGE ").or(command.split_once(" -- ")).unwrap().1;
        let words = told.split_whitespace().filter(|word| !word.starts_with('>'));
        let parsed = tale::cli::Cli::try_parse_from(std::iter::once("tale").chain(words));
        assert!(parsed.is_ok(), "{command}: {}", parsed.unwrap_err());
        count += 1;
    }
    assert!(count > 5, "{count}");
}

#[test]
fn every_command_that_a_document_shows_is_one_that_the_program_takes() {
    use clap::Parser;
    for file in documents() {
        let text = fs::read_to_string(&file).unwrap();
        let commands = text.lines().flat_map(|line| line.split('`').chain([line]));
        for command in commands.map(str::trim).filter_map(|line| line.strip_prefix("./tale ")) {
            let command = command
                .split("  ")
                .next()
                .unwrap_or_default()
                .split(" #")
                .next()
                .unwrap_or_default();
            if command.contains("..")
                || command.contains('`')
                || ["test", "fuzz", "bench"].iter().any(|verb| command.starts_with(verb))
                || command.contains(',')
            {
                continue;
            }
            let args = std::iter::once("tale").chain(command.split_whitespace());
            let parsed = tale::cli::Cli::try_parse_from(args);
            let help = parsed.as_ref().err().is_some_and(|why| !why.use_stderr());
            assert!(
                parsed.is_ok() || help,
                "{}: ./tale {command}: {}",
                file.display(),
                parsed.unwrap_err()
            );
        }
    }
}

/// The tale in tales/README.md, from which people start their own.
#[test]
fn the_tale_in_the_guide_could_be_played_as_it_stands() {
    let guide = fs::read_to_string(root().join("tales/README.md")).unwrap();
    let text = guide.split("```yaml\n").nth(1).unwrap().split("```").next().unwrap();
    let tale = tale::story::Tale::parse("tales/README.md", text).unwrap();
    let options = tale::play::Options {
        tale: tale.name.clone(),
        clock: slo::Clock::Stage,
        out: PathBuf::new(),
        seed: 1,
        set: Default::default(),
        left_out: tale::play::LeftOut::Nothing,
        keep: false,
        pace: Default::default(),
    };
    let prepared = tale::play::prepare(&root(), &tale, &options);
    assert!(prepared.is_ok(), "{:#}", prepared.err().unwrap());
    let schema = fs::read_to_string(root().join("tales/tale.schema.json")).unwrap();
    let schema = jsonschema::validator_for(&serde_json::from_str(&schema).unwrap()).unwrap();
    assert!(schema.is_valid(&serde_saphyr::from_str(text).unwrap()));
}

#[test]
fn every_tale_is_valid_for_the_schema_that_editors_use() {
    let schema = fs::read_to_string(root().join("tales/tale.schema.json")).unwrap();
    let schema = jsonschema::validator_for(&serde_json::from_str(&schema).unwrap()).unwrap();
    let tales = files(&root().join("tales"), "tale.yaml");
    assert!(!tales.is_empty());
    for file in tales {
        let tale: serde_json::Value =
            serde_saphyr::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
        let problems: Vec<String> =
            schema.iter_errors(&tale).map(|problem| problem.to_string()).collect();
        assert!(problems.is_empty(), "{}: {problems:?}", file.display());
    }
    let wrong = serde_json::json!({"name": "x", "acts": [{"act": "a", "promisses": []}]});
    assert!(!schema.is_valid(&wrong), "the schema accepts anything");
}
