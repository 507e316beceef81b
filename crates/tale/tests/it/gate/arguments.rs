//! Arguments that do not fit together are refused with what to write instead, before any query.

use super::files::{KEPTN_SLI, KEPTN_SLO};
use super::{Files, answers, gate};

#[tokio::test]
async fn arguments_that_do_not_fit_together_are_refused_with_what_to_write() {
    let files = Files::of(&[
        ("open.yaml", answers("shop", 1)),
        ("slo.yaml", KEPTN_SLO.to_owned()),
        ("more.yaml", KEPTN_SLO.to_owned()),
        ("sli.yaml", KEPTN_SLI.to_owned()),
        ("wrong.yaml", KEPTN_SLO.replace("<=0.01", "about 0.01")),
    ]);
    let [open, slo, more, sli, wrong] =
        ["open.yaml", "slo.yaml", "more.yaml", "sli.yaml", "wrong.yaml"]
            .map(|name| files.path(name));
    let cases: [(&[&str], &str); 12] = [
        (&[], "<SLOS>"),
        (&[&open, &slo, &sli], "run tale gate for each"),
        (&[&slo], "add --sli FILE"),
        (&["--keptn", &slo], "add --sli FILE"),
        (&[&sli], "add --keptn FILE"),
        (&[&slo, &more, &sli], "name one"),
        (&[&slo, &sli], "write --context SERVICE=.."),
        (&[&slo, &sli, "--context", "TEAM=ops"], "LABEL.<name>"),
        (&[&slo, &sli, "--context", "SERVICE=shop", "--calendar"], "--calendar"),
        (&[&wrong, &sli], "wrong.yaml: objectives[1].pass[0].criteria[0]"),
        (&[&open, "--keptn-compat"], "belong to Keptn's files"),
        (&[&open, "--calendar"], "no SLO here has a calendar window"),
    ];
    for (args, wanted) in cases {
        let args = [args, &["--prometheus", "http://127.0.0.1:9"]].concat();
        let ended = gate(&args).await.expect_code(2);
        assert!(ended.stderr.contains(wanted), "{args:?}: {}", ended.stderr);
        assert_eq!(ended.stdout, "", "{args:?}");
    }
}

#[tokio::test]
async fn the_help_lists_the_exit_codes() {
    let ended = gate(&["--help"]).await.expect_code(0);
    for wanted in ["0  pass", "1  fail", "2  could not judge", "3  a warning"] {
        assert!(ended.stdout.contains(wanted), "{}", ended.stdout);
    }
}
