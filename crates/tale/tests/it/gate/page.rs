//! The page "The gate for your own service", followed with the program alone: in an empty folder,
//! against a Prometheus on port 9090 that no stage started.

use std::path::Path;

use jiff::Timestamp;
use testkit::history::History;
use testkit::program::{Ended, Running};
use testkit::project::root;
use testkit::prometheus::Prometheus;
use tokio::process::Command;

use super::{FakePrometheus, Files, Reply, answers, evidence, gate};
use crate::TALE;

fn page() -> String {
    std::fs::read_to_string(root().join("docs/gate/README.md")).unwrap()
}

/// The blocks of a language, in order.
fn blocks(language: &str) -> Vec<String> {
    let page = page();
    let fence = format!("```{language}\n");
    let blocks = page.split(&fence).skip(1);
    blocks.map(|rest| rest.split("```").next().unwrap().to_owned()).collect()
}

/// Two hours of a shop until now: ten requests a second, none of them failed, and steady memory.
fn shop() -> History {
    let now = Timestamp::now().as_second() as f64;
    let times = || {
        (0..=480).map(move |scrape| (f64::from(scrape), now - 7200.0 + 15.0 * f64::from(scrape)))
    };
    let mut history = History::new();
    for (code, each) in [("200", 150.0), ("500", 0.0)] {
        let series = format!("http_requests_total{{job=\"shop\",code=\"{code}\"}}");
        history.series(&series, times().map(|(scrape, time)| (time, scrape * each)));
    }
    history.series(
        r#"process_resident_memory_bytes{job="shop"}"#,
        times().map(|(_, time)| (time, 1e8)),
    );
    history
}

async fn run(folder: &Path, command: &str) -> Ended {
    let (program, args) = command.split_once(' ').unwrap();
    assert_eq!(program, "tale");
    let mut tale = Command::new(TALE);
    // Nothing of this project is near: neither its folder nor the launcher's word for it.
    tale.args(args.split_whitespace()).current_dir(folder).env_remove("TALES_HOME");
    Running::start(&mut tale).end().await
}

#[tokio::test]
async fn the_page_can_be_followed_from_an_empty_folder() {
    let id = std::process::id();
    let address = format!("127.{}.{}.{}:9090", 64 + id % 64, id / 64 % 250, 1 + id / 16_000 % 250);
    let server = {
        let address = address.clone();
        tokio::task::spawn_blocking(move || Prometheus::listening_at(&address, &shop()))
            .await
            .unwrap()
    };
    assert_eq!(server.url(), format!("http://{address}"));
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("slo.yaml");
    let yaml = blocks("yaml");
    assert!(yaml[0].lines().count() <= 11, "ten lines, near enough");
    std::fs::write(&file, &yaml[0]).unwrap();
    let commands: Vec<String> = blocks("sh")
        .iter()
        .flat_map(|block| block.lines().map(str::to_owned).collect::<Vec<_>>())
        .collect();
    assert_eq!(commands.len(), 5, "{commands:?}");
    let mut printed = Vec::new();
    for command in &commands {
        if command.contains("--pin") {
            let text = std::fs::read_to_string(&file).unwrap();
            let annotated = text.replace("metadata: {name: availability}\n", &yaml[1]);
            assert_ne!(text, annotated);
            std::fs::write(&file, annotated).unwrap();
        }
        let (command, comment) = command.split_once(" # ").unwrap_or((command, "exit code 0"));
        let code: i32 = comment.trim_start_matches("exit code ").parse().unwrap();
        let command = command.replace("127.0.0.1:9090", &address);
        printed.push(run(folder.path(), &command).await.expect_code(code));
    }
    assert_eq!(printed[0].stdout.trim(), "nothing to say");
    // As the page shows it, but for how many events an hour happened to hold.
    let shown = &blocks("text")[0];
    let without_events = |text: &str| {
        text.replace("36000", "")
            .lines()
            .map(|line| line.split(" covered, ").next().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(without_events(shown), without_events(&printed[1].stdout));
    assert!(
        printed[2].stderr.contains("pinned shop/availability/gate = 100 M in baseline.json"),
        "{}",
        printed[2]
    );
    assert!(printed[3].stdout.contains("+0.0 % of the baseline 100 M"), "{}", printed[3]);
    for (name, wanted) in [
        ("gate.xml", "<testsuite name=\"shop\" tests=\"2\" failures=\"0\""),
        ("metrics.txt", "slo_pass{service=\"shop\""),
        ("gate.md", "## ✅ Gate: pass"),
        ("gate.html", "<h2>History</h2>"),
    ] {
        let text = std::fs::read_to_string(folder.path().join(name)).unwrap();
        assert!(text.contains(wanted), "{name}: {text}");
    }
    assert_eq!(std::fs::read_dir(folder.path().join("verdicts")).unwrap().count(), 1);
}

#[tokio::test]
async fn the_page_lists_the_exit_codes_of_the_help() {
    let help = gate(&["--help"]).await.expect_code(0).stdout;
    let page = page();
    let codes = help.split("Exit codes:\n").nth(1).unwrap().lines().take(4);
    for line in codes {
        let (code, words) = line.trim().split_once("  ").unwrap();
        assert!(page.contains(&format!("| {code} | {words} |")), "{line}");
    }
}

/// Verdicts over five hours; in the third and the last, too much failed.
#[tokio::test]
async fn the_picture_shows_what_the_gate_writes() {
    let shop = answers("shop", 1);
    let orders = shop.replace("shop", "orders");
    let files = Files::of(&[("shop.yaml", shop), ("orders.yaml", orders)]);
    let [shop, orders, history] =
        ["shop.yaml", "orders.yaml", "verdicts"].map(|name| files.path(name));
    let mut page = String::new();
    for (hour, bad) in [(8, "0"), (9, "1"), (10, "90"), (11, "2"), (12, "120")] {
        let fake =
            FakePrometheus::start(move |_, path| match path.starts_with("/api/v1/query_range?") {
                true => Reply::Body(200, String::new()),
                false => Reply::Body(
                    200,
                    evidence(if path.contains("orders") { bad } else { "0" }, "36000"),
                ),
            });
        let fake = fake.await;
        let end = format!("2022-05-19T{hour:02}:30:00Z");
        let args = [
            &shop,
            &orders,
            "--prometheus",
            &fake.url,
            "--to",
            &end,
            "--last",
            "1h",
            "--history",
            &history,
            "--format",
            "markdown",
        ];
        page = gate(&args).await.stdout;
    }
    let drawn = draw(&page);
    let path = root().join("docs/gate/verdict.svg");
    if std::env::var_os("TALES_BLESS").is_some() {
        std::fs::write(&path, &drawn).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        kept == drawn,
        "the picture is another one: TALES_BLESS=1 cargo test -p tale --test it page draws it\n{page}"
    );
}

fn xml(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// Markdown as a browser lays it out, near enough: a heading, paragraphs, tables.
fn draw(page: &str) -> String {
    const LINE: usize = 20;
    let text = |x: usize, y: usize, style: &str, words: &str| {
        let words =
            words.replace("&lt;", "<").replace("&gt;", ">").replace('\\', "").replace("**", "");
        format!("<text x=\"{x}\" y=\"{y}\" {style}>{}</text>\n", xml(&words))
    };
    let (mut drawn, mut y, mut width) = (String::new(), 36, 0);
    let mut lines = page.lines().filter(|line| !line.starts_with("<!--")).peekable();
    while let Some(line) = lines.next() {
        if !line.starts_with('|') {
            let title = line.trim_start_matches('#');
            let style =
                if title.len() < line.len() { "font-size=\"19\" font-weight=\"bold\"" } else { "" };
            drawn.push_str(&text(16, y, style, title.trim()));
            y += if line.is_empty() { LINE / 2 } else { LINE + 4 };
            continue;
        }
        let mut rows: Vec<Vec<String>> = Vec::new();
        let mut next = Some(line);
        while let Some(row) = next {
            let cells = row.trim_matches('|').split('|').map(|cell| cell.trim().to_owned());
            rows.push(cells.collect());
            next = lines.next_if(|line| line.starts_with('|'));
        }
        rows.remove(1); // the rule below the titles
        let columns = rows[0].len();
        let length =
            |cell: &String| cell.split("<br>").map(|part| part.chars().count()).max().unwrap_or(0);
        let widths: Vec<usize> = (0..columns)
            .map(|column| rows.iter().map(|row| length(&row[column])).max().unwrap_or(0) * 8 + 20)
            .collect();
        for (number, row) in rows.iter().enumerate() {
            let height =
                LINE * row.iter().map(|cell| cell.split("<br>").count()).max().unwrap_or(1) + 8;
            let mut x = 16;
            for (cell, width) in row.iter().zip(&widths) {
                let fill = match () {
                    () if number == 0 => "#f2f2f2",
                    () if cell.contains("fail") || cell.contains('❌') => "#fbdcdc",
                    () if cell.contains("pass") || cell.contains('✅') => "#e2f3e2",
                    () if cell.contains("inconclusive") => "#ececf4",
                    () => "#ffffff",
                };
                drawn.push_str(&format!("<rect x=\"{x}\" y=\"{}\" width=\"{width}\" height=\"{height}\" fill=\"{fill}\" stroke=\"#c8c8c8\"/>\n", y - 15));
                for (part, words) in cell.split("<br>").enumerate() {
                    let style = if number == 0 { "font-weight=\"bold\"" } else { "" };
                    drawn.push_str(&text(x + 8, y + part * LINE, style, words));
                }
                x += width;
            }
            width = width.max(x + 16);
            y += height;
        }
    }
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{y}\" viewBox=\"0 0 {width} {y}\" font-family=\"monospace\" \
             font-size=\"13\" fill=\"#1a1a1a\">\n<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n{drawn}</svg>\n"
    )
}
