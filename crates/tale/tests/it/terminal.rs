//! The program before somebody's eyes: in a terminal of 80 or 120 columns, resized, and with keys.

use testkit::project::Project;
use testkit::terminal::Terminal;
use testkit::wait::SOON;

use crate::play::with_short;
use crate::project;

/// The sizes that a speaker's window has.
const SIZES: [(u16, u16); 2] = [(80, 24), (120, 40)];

fn start(project: &Project, args: &[&str], (columns, rows): (u16, u16)) -> Terminal {
    Terminal::start(&project.command(args), columns, rows)
}

/// Nothing of what was only shown for a moment is left, and every line of `whole` stands once.
#[track_caller]
fn is_clean(terminal: &Terminal, whole: &[&str]) {
    let lines = terminal.lines();
    let shown = lines.join("\n");
    for line in &lines {
        assert!(!line.trim_start().starts_with('…'), "a live line is left: {line:?} in\n{shown}");
        assert!(!line.contains("press a key"), "a prompt is left: {line:?} in\n{shown}");
    }
    // A long text may go on in the next line.
    let flowing = lines.iter().map(|line| line.trim()).collect::<Vec<_>>().join(" ");
    for text in whole {
        let words: Vec<&str> = text.split_whitespace().collect();
        let count = lines.iter().filter(|line| line.contains(&format!("✓ {text}"))).count();
        assert!(
            count == 1 || flowing.contains(&words.join(" ")),
            "`{text}` stands {count} times in\n{shown}"
        );
    }
    let blank = lines.iter().rev().skip_while(|line| line.is_empty());
    let blank: Vec<&String> = blank.collect();
    assert!(
        blank.windows(3).all(|three| three.iter().any(|line| !line.is_empty())),
        "a hole in\n{shown}"
    );
}

/// The texts of the promises of a tale.
fn promises(project: &Project, tale: &str) -> Vec<String> {
    let tale = tale::story::Tale::load(project.path(), tale).unwrap();
    tale.promises().map(tale::promises::Promise::text).collect()
}

/// A play in a window of this size, at whose end only what is worth keeping stands on the screen.
pub(crate) async fn plays_clean(project: &Project, tale: &str, size: (u16, u16)) {
    let play = start(project, &["play", tale], size);
    ends_clean(play, project, tale).await;
}

async fn ends_clean(mut play: Terminal, project: &Project, tale: &str) {
    assert_eq!(play.end().await, 0, "{}", play.lines().join("\n"));
    let texts = promises(project, tale);
    is_clean(&play, &texts.iter().map(String::as_str).collect::<Vec<_>>());
    let shown = play.lines().join("\n");
    assert!(shown.contains("all promises kept"), "{shown}");
    assert!(shown.contains("report: /"), "an absolute path: {shown}");
}

#[tokio::test]
async fn a_play_leaves_no_junk_at_any_width_nor_when_resized_and_every_promise_is_whole() {
    let project = project().await;
    let resized = async {
        let play = start(&project, &["play", "dns-leak"], (80, 24));
        play.wait_for("watching").await;
        play.resize(120, 40);
        ends_clean(play, &project, "dns-leak").await;
    };
    let [narrow, wide] = SIZES.map(|size| plays_clean(&project, "dns-leak", size));
    tokio::join!(narrow, wide, resized);
    project.is_left_alone().await;
}

#[tokio::test]
async fn a_stage_comes_up_without_junk_and_its_tables_fit() {
    let project = project().await;
    for size in SIZES {
        let mut up = start(&project, &["up", "dns-leaker", "hello"], size);
        assert_eq!(up.end().await, 0, "{}", up.lines().join("\n"));
        is_clean(&up, &["the stage is up", "Prometheus has a first sample of every pod"]);
        let mut status = start(&project, &["status"], size);
        assert_eq!(status.end().await, 0);
        let lines = status.lines();
        let pods: Vec<&String> = lines.iter().filter(|line| line.contains("127.")).collect();
        // A row that is broken has its last cell in a line of its own.
        assert!(
            pods.iter().all(|line| !line.starts_with(' ')) && pods.len() >= 5,
            "{}",
            lines.join("\n")
        );
        assert!(lines.iter().any(|line| line.starts_with("alerts")), "{}", lines.join("\n"));
        project.ok(&["down"]).await;
    }
}

#[tokio::test]
async fn with_step_each_act_waits_for_a_key_and_with_stay_the_stage_waits_for_questions() {
    let project = with_short(project().await);
    let mut play = start(&project, &["play", "short", "--step", "--stay"], SIZES[0]);
    for act in ["calm", "dark", "light"] {
        play.wait_for(&format!("press a key for: {act}")).await;
        assert!(!play.lines().iter().any(|line| line == act), "{act} began without a key");
        play.keys(" ");
    }
    play.wait_for("press a key to take it down").await;
    // The report is there for the questions, and so is the stage.
    assert_eq!(project.report("short")["verdict"], "kept");
    let status = project.ok(&["status"]).await;
    assert!(status.contains("play short"), "{status}");
    play.keys("q");
    assert_eq!(play.end().await, 0, "{}", play.lines().join("\n"));
    is_clean(&play, &[]);
    assert!(play.lines().join("\n").contains("all promises kept: 3 of 3"));
    project.is_left_alone().await;
}

#[tokio::test]
async fn ctrl_c_while_a_key_is_waited_for_ends_clean() {
    let project = with_short(project().await);
    let mut play = start(&project, &["play", "short", "--step"], SIZES[0]);
    play.wait_for("press a key for: calm").await;
    play.keys("\x03");
    assert_eq!(play.end().await, 130, "{}", play.lines().join("\n"));
    assert_eq!(project.report("short")["verdict"], "undecided");
    project.is_left_alone().await;

    let mut play = start(&project, &["play", "short", "--stay"], SIZES[0]);
    play.wait_for("press a key to take it down").await;
    play.keys("\x03");
    // The tale was over, and its verdict stands.
    assert_eq!(play.end().await, 0, "{}", play.lines().join("\n"));
    assert_eq!(project.report("short")["verdict"], "kept");
    project.is_left_alone_within(SOON).await;
}

#[tokio::test]
async fn a_terminal_that_is_closed_ends_the_play() {
    let project = with_short(project().await);
    let play = start(&project, &["play", "short", "--step"], SIZES[0]);
    play.wait_for("press a key for: calm").await;
    drop(play);
    project.is_left_alone_within(SOON).await;
}

#[tokio::test]
async fn without_a_keyboard_nobody_waits_for_a_key() {
    let project = with_short(project().await);
    for option in ["--step", "--stay"] {
        let ended = project.run(&["play", "short", option]).await.expect_code(2);
        assert!(ended.stderr.contains(&format!("{option} waits for a key")), "{}", ended.stderr);
    }
}
