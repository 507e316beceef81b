//! How a Prometheus is reached: what it wants to see is sent, and never shown.

#[cfg(feature = "tls")]
mod https;

use testkit::program::{Ended, Running};
use tokio::process::Command;

use super::{FakePrometheus, Files, Reply, answers, evidence, gate};
use crate::TALE;

const FORMATS: [&str; 7] = ["text", "json", "junit", "markdown", "gitlab", "github", "html"];

/// Arguments, environment, and what has to be in the head of the request.
type Case<'a> = (&'a [&'a str], &'a [(&'a str, &'a str)], &'a [&'a str]);

async fn with_env(env: &[(&str, &str)], args: &[&str]) -> Ended {
    let mut tale = Command::new(TALE);
    tale.arg("gate").args(args).envs(env.iter().copied());
    Running::start(&mut tale).end().await
}

/// Nobody listens at the first address; the others repeat what they were told.
#[tokio::test]
async fn no_password_or_token_is_in_any_output_history_or_error() {
    let echo = |said: &'static str| {
        FakePrometheus::start(move |_, _| {
            let error = format!(
                r#"{{"status":"error","errorType":"bad_data","error":"you said {said} and team-header"}}"#
            );
            Reply::Body(400, error)
        })
    };
    let (login, bearer) = (echo("ci:s3cret").await, echo("Bearer t0ken-of-ci").await);
    let files = Files::of(&[
        ("slo.yaml", answers("shop", 1)),
        ("headers", "X-Team: team-header\n".to_owned()),
    ]);
    let [slo, history, headers] = ["slo.yaml", "history", "headers"].map(|name| files.path(name));
    let secrets = ["s3cret", "t0ken-of-ci", "team-header", "k3y-in-the-address"];
    for format in FORMATS {
        for (url, env) in [
            ("http://ci:s3cret@127.0.0.1:1/?apikey=k3y-in-the-address".to_owned(), &[][..]),
            (login.url.replace("http://", "http://ci:s3cret@"), &[]),
            (bearer.url.clone(), &[("TALE_PROMETHEUS_TOKEN", "t0ken-of-ci")]),
        ] {
            let args = [&slo, "--prometheus", &url, "--format", format, "--history", &history];
            let args = [&args[..], &["--header-file", &headers]].concat();
            let ended = with_env(env, &args).await.expect_code(2);
            for secret in secrets {
                assert!(!ended.to_string().contains(secret), "{format} {secret}: {ended}");
            }
        }
    }
    let kept = std::fs::read_dir(&history).unwrap().map(|file| file.unwrap().path());
    let kept: Vec<String> = kept.map(|file| std::fs::read_to_string(file).unwrap()).collect();
    assert!(!kept.is_empty());
    assert!(kept.iter().all(|text| secrets.iter().all(|secret| !text.contains(secret))));
}

#[tokio::test]
async fn what_a_prometheus_wants_to_see_comes_from_files_and_from_the_environment() {
    let files = Files::of(&[
        ("slo.yaml", answers("shop", 1)),
        ("token", "t0ken\n".to_owned()),
        ("login", "ci:p@ss:word\n".to_owned()),
        ("headers", "X-Scope-OrgID: team\n\nX-Other: 1\n".to_owned()),
        ("empty", String::new()),
    ]);
    let slo = files.path("slo.yaml");
    let [token, login, headers, empty] =
        ["token", "login", "headers", "empty"].map(|name| files.path(name));
    let encoded = "authorization: basic y2k6cebzczp3b3jk"; // the fake writes heads in lower case
    let cases: [Case<'_>; 5] = [
        (&["--token-file", &token], &[], &["authorization: bearer t0ken"]),
        (&["--basic-auth-file", &login], &[], &[encoded]),
        (&["--header-file", &headers], &[], &["x-scope-orgid: team", "x-other: 1"]),
        (&[], &[("TALE_PROMETHEUS_TOKEN", "t0ken")], &["authorization: bearer t0ken"]),
        (
            &[],
            &[
                ("TALE_PROMETHEUS_BASIC_AUTH", "ci:p@ss:word"),
                ("TALE_PROMETHEUS_HEADERS", "X-Scope-OrgID: team"),
            ],
            &[encoded, "x-scope-orgid: team"],
        ),
    ];
    for (args, env, wanted) in cases {
        let fake = FakePrometheus::start(|_, _| Reply::Body(200, evidence("0", "10000"))).await;
        let ended = with_env(env, &[&[&slo, "--prometheus", &fake.url], args].concat()).await;
        ended.expect_code(0);
        let head = &fake.heads()[0];
        for wanted in wanted {
            assert!(head.contains(wanted), "{wanted}: {head}");
        }
    }
    for (args, wanted) in [
        (&["--token-file", &empty][..], "the file is empty"),
        (&["--token-file", &token, "--basic-auth-file", &login], "keep one of them"),
        (&["--basic-auth-file", &token], "write USER:PASSWORD"),
        (&["--token-file", "/nonexistent"], "cannot be read"),
        (&["--header-file", &token], "line 1 is none"),
        (&["--ca-file", &token], "the address is not https"),
    ] {
        let ended = gate(&[&[&slo, "--prometheus", "http://127.0.0.1:9"], args].concat())
            .await
            .expect_code(2);
        assert!(ended.stderr.contains(wanted) && !ended.stderr.contains("t0ken"), "{ended}");
    }
}

#[tokio::test]
async fn an_address_that_is_none_is_refused_without_repeating_it() {
    let files = Files::of(&[("slo.yaml", answers("shop", 1))]);
    let slo = files.path("slo.yaml");
    for url in ["ci:s3cret@prometheus:9090", "ftp://ci:s3cret@h", "http://ci:s3cret@"] {
        let ended = gate(&[&slo, "--prometheus", url]).await.expect_code(2);
        assert!(ended.stderr.contains("write e.g. http://127.0.0.1:9090"), "{ended}");
        assert!(!ended.to_string().contains("s3cret"), "{ended}");
    }
}

#[tokio::test]
async fn a_server_that_lives_elsewhere_or_wants_to_know_who_asks_says_so() {
    let files = Files::of(&[("slo.yaml", answers("shop", 1))]);
    let slo = files.path("slo.yaml");
    let fake = FakePrometheus::start(|_, _| Reply::Body(401, "who are you?".to_owned())).await;
    let ended = gate(&[&slo, "--prometheus", &fake.url]).await.expect_code(2);
    assert!(ended.stdout.contains("see --token-file"), "{ended}");
    let fake = FakePrometheus::start(|_, _| Reply::Body(302, String::new())).await;
    let ended = gate(&[&slo, "--prometheus", &fake.url]).await.expect_code(2);
    assert!(ended.stdout.contains("HTTP 302"), "{ended}");
}

#[tokio::test]
async fn a_proxy_is_asked_for_what_is_elsewhere_and_not_for_what_is_here_or_excepted() {
    let files = Files::of(&[("slo.yaml", answers("shop", 1))]);
    let slo = files.path("slo.yaml");
    let proxy = FakePrometheus::start(|_, _| Reply::Body(200, evidence("0", "10000"))).await;
    let through = [("HTTP_PROXY", proxy.url.as_str()), ("http_proxy", &proxy.url)];
    let elsewhere = "http://prometheus.invalid:9090";
    with_env(&through, &[&slo, "--prometheus", elsewhere]).await.expect_code(0);
    let head = &proxy.heads()[0];
    assert!(
        head.starts_with("post http://prometheus.invalid:9090/api/v1/query http/1.1"),
        "{head}"
    );
    let excepted = [&through[..], &[("NO_PROXY", ".invalid"), ("no_proxy", ".invalid")]].concat();
    with_env(&excepted, &[&slo, "--prometheus", elsewhere]).await.expect_code(2);
    let here = FakePrometheus::start(|_, _| Reply::Body(200, evidence("0", "10000"))).await;
    with_env(&through, &[&slo, "--prometheus", &here.url]).await.expect_code(0);
    assert_eq!(proxy.heads().len(), 1);
}

#[cfg(not(feature = "tls"))]
#[tokio::test]
async fn https_without_the_feature_is_refused_with_what_to_build() {
    let files = Files::of(&[("slo.yaml", answers("shop", 1))]);
    let slo = files.path("slo.yaml");
    let ended = gate(&[&slo, "--prometheus", "https://127.0.0.1:1"]).await.expect_code(2);
    assert!(ended.stderr.contains("--features tls"), "{ended}");
}
