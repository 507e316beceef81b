//! The page of a report as a browser shows it: what is on the first screen, on a projector and on a
//! telephone, and whether axe-core finds anything.
//!
//! Needs Debian's `chromium`, and for axe its `axe.min.js` at the path in `TALES_AXE`; `.ci/run`
//! has both.

use std::path::{Path, PathBuf};

use serde_json::Value;
use tokio::process::Command;

use crate::report::{Outcome, Report, Verdict, html, promise, small};

/// The first screen of a projector.
const PROJECTOR: (u32, u32) = (1280, 720);
/// A telephone.
const TELEPHONE: (u32, u32) = (390, 844);

/// Measures what the tests ask for, and writes it into the page.
const MEASURE: &str = r#"
const box = (name) => {
  const found = document.querySelector(name);
  if (!found) return null;
  const r = found.getBoundingClientRect();
  return {left: r.left, top: r.top, right: r.right, bottom: r.bottom};
};
const texts = [...document.querySelectorAll('svg text')].map((text) => text.getBoundingClientRect().height);
const measured = {
  verdict: box('.verdict'), decided: box('.decided'), hero: box('.hero svg'), fault: box('.hero svg .fault'),
  firing: box('.hero svg .firing-mark'), wide: document.documentElement.scrollWidth, inner: innerWidth,
  smallest: Math.min(...texts),
};
document.body.setAttribute('data-measured', JSON.stringify(measured));
"#;

/// Lets axe look, and writes what it finds into the page.
const AXE: &str = r#"
axe.run().then((found) => {
  const told = found.violations.map((one) => one.id + ': ' + one.nodes.map((node) => node.html).join(' '));
  document.body.setAttribute('data-measured', JSON.stringify({violations: told, passed: found.passes.length}));
});
"#;

/// A page with scripts at its end, which a report itself never has.
fn page(folder: &Path, report: &Report, scripts: &str) -> PathBuf {
    let page = html(report).replace("</body>", &format!("{scripts}</body>"));
    let file = folder.join("page.html");
    std::fs::write(&file, page).unwrap();
    file
}

async fn chromium(
    folder: &Path,
    (width, height): (u32, u32),
    args: &[&str],
    page: &Path,
) -> String {
    let profile = folder.join("profile");
    let _ = std::fs::remove_dir_all(&profile);
    let mut chromium = Command::new("chromium");
    chromium
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"])
        .args(["--disable-background-networking", "--disable-component-update", "--disable-sync"])
        .args([
            "--hide-scrollbars",
            "--allow-file-access-from-files",
            "--virtual-time-budget=20000",
        ])
        .arg(format!("--window-size={width},{height}"))
        .arg(format!("--user-data-dir={}", profile.display()))
        .args(args)
        .arg(format!("file://{}", page.display()))
        .kill_on_drop(true);
    let output = tokio::time::timeout(testkit::wait::SOON, chromium.output()).await;
    let output = output.expect("chromium ends").expect("chromium is installed");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// What the script measured on a screen of this size.
async fn measured(report: &Report, size: (u32, u32), scripts: &str) -> Value {
    let folder = tempfile::tempdir().unwrap();
    let page = page(folder.path(), report, scripts);
    // A headless window is as wide as 500 pixels at least: a frame of the right size shows the
    // page.
    let frame = folder.path().join("frame.html");
    let text = format!(
        "<!DOCTYPE html><body style='margin:0'><iframe id='f' src='file://{}' style='border:0;width:{}px;height:{}px'></iframe>\
         <script>onload = () => setTimeout(() => {{ const told = document.getElementById('f').contentDocument.body; \
         document.body.setAttribute('data-told', told.getAttribute('data-measured')); }}, 5000);</script></body>",
        page.display(),
        size.0,
        size.1
    );
    std::fs::write(&frame, text).unwrap();
    let dumped = chromium(folder.path(), (1400, 900), &["--dump-dom"], &frame).await;
    let told = dumped.split("data-told=\"").nth(1).and_then(|rest| rest.split('"').next());
    let told = told.unwrap_or_else(|| panic!("nothing was measured:\n{dumped}"));
    serde_json::from_str(
        &told
            .replace("&quot;", "\"")
            .replace("&lt;", "<")
            .replace("&gt;", ">")
            .replace("&amp;", "&"),
    )
    .unwrap_or_else(|why| panic!("{why}: {told}"))
}

fn script(text: &str) -> String {
    format!("<script>{text}</script>")
}

/// A report that was kept.
fn kept() -> Report {
    let mut report = small();
    let kept = |act: &str, text: &str| promise(act, "gate", text, Outcome::Kept);
    report.promises =
        vec![kept("calm", "no alert is pending or firing"), kept("dark", "the gate passes")];
    report.verdict = Verdict::of(&report.promises);
    report
}

#[track_caller]
fn inside(measured: &Value, name: &str, (width, height): (u32, u32)) {
    let at = |edge: &str| {
        measured[name][edge].as_f64().unwrap_or_else(|| panic!("{name} is missing: {measured}"))
    };
    assert!(
        at("left") >= 0.0
            && at("right") <= f64::from(width)
            && at("top") >= 0.0
            && at("bottom") <= f64::from(height),
        "{name} is not on the first screen: {measured}"
    );
    assert!(
        at("right") - at("left") > 3.0 && at("bottom") - at("top") > 3.0,
        "{name} is not to be seen: {measured}"
    );
}

#[tokio::test]
#[ignore = "needs chromium"]
async fn the_first_screen_of_a_projector_has_verdict_chart_fault_alert_and_what_decided() {
    for report in [small(), kept()] {
        let measured = measured(&report, PROJECTOR, &script(MEASURE)).await;
        for name in ["verdict", "decided", "hero", "fault", "firing"] {
            inside(&measured, name, PROJECTOR);
        }
        let hero = measured["hero"]["right"].as_f64().unwrap()
            - measured["hero"]["left"].as_f64().unwrap();
        assert!(hero > 0.5 * f64::from(PROJECTOR.0), "the picture is small: {measured}");
        assert!(
            measured["smallest"].as_f64().unwrap() > 13.0,
            "letters for the last row: {measured}"
        );
    }
}

#[tokio::test]
#[ignore = "needs chromium"]
async fn a_picture_of_the_first_screen_can_be_taken() {
    let folder = tempfile::tempdir().unwrap();
    let page = page(folder.path(), &kept(), "");
    let picture = folder.path().join("screen.png");
    let take = format!("--screenshot={}", picture.display());
    chromium(folder.path(), PROJECTOR, &[&take], &page).await;
    let png = std::fs::read(&picture).unwrap();
    let number = |at: usize| u32::from_be_bytes(png[at..at + 4].try_into().unwrap());
    assert_eq!((number(16), number(20)), PROJECTOR, "the size in its head");
    assert!(png.len() > 20_000, "a blank page is smaller: {} bytes", png.len());
}

#[tokio::test]
#[ignore = "needs chromium"]
async fn on_a_telephone_nothing_sticks_out_and_letters_can_be_read() {
    let measured = measured(&small(), TELEPHONE, &script(MEASURE)).await;
    assert_eq!(measured["inner"], TELEPHONE.0);
    assert!(
        measured["wide"].as_u64().unwrap() <= u64::from(TELEPHONE.0),
        "it scrolls sideways: {measured}"
    );
    assert!(measured["smallest"].as_f64().unwrap() > 11.0, "{measured}");
    inside(&measured, "verdict", TELEPHONE);
}

#[tokio::test]
#[ignore = "needs chromium, and TALES_AXE"]
async fn axe_finds_nothing() {
    let axe = std::env::var("TALES_AXE").expect("TALES_AXE is the path of axe.min.js");
    let scripts = format!("<script src=\"file://{axe}\"></script>{}", script(AXE));
    for report in [small(), kept()] {
        for size in [PROJECTOR, TELEPHONE] {
            let found = measured(&report, size, &scripts).await;
            assert!(found["passed"].as_u64().unwrap() > 10, "it did not look: {found}");
            assert_eq!(found["violations"], serde_json::json!([]), "at {size:?}");
        }
    }
}
