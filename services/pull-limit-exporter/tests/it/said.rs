//! Each thing that a registry may say, or not say, and what becomes of it.

use pull_limit_exporter::shown::Names;

use crate::support::{Scripted, Series, probe, prober, state};

fn answer(status: &str, headers: &str) -> String {
    format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n{headers}\r\n")
}

/// What is found where every request is answered so.
async fn found(status: &'static str, headers: &'static str) -> Series {
    let server = Scripted::start(move |_| answer(status, headers)).await;
    probe(&prober(None), &format!("http://{}/shop:v1", server.address), Names::Own).await
}

fn number(series: &Series, name: &str) -> Option<f64> {
    series.get(&format!("{name} account=anonymous")).copied()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_header_has_its_state_and_none_is_a_made_up_number() {
    let hub = "ratelimit-limit: 100;w=21600\r\nratelimit-remaining: 20;w=21600\r\ndocker-ratelimit-source: 192.0.2.1\r\n";
    let cases = [
        (hub, "limited", Some(20.0)),
        (
            "ratelimit-limit: 100;w=21600\r\nratelimit-remaining: 0;w=21600\r\n",
            "limited",
            Some(0.0),
        ),
        ("RateLimit-Limit: 100\r\nRateLimit-Remaining: 7\r\n", "limited", Some(7.0)),
        ("RateLimit-Policy: \"p\";q=9;w=60\r\nRateLimit: \"p\";r=5;t=1\r\n", "limited", Some(5.0)),
        ("", "unlimited", None),
        ("docker-ratelimit-source: ada\r\n", "unlimited", None),
        ("ratelimit-limit: ;w=21600\r\nratelimit-remaining: ;w=21600\r\n", "unreadable", None),
        ("ratelimit-limit: 100;w=21600\r\n", "unreadable", None),
        ("ratelimit-limit: many\r\nratelimit-remaining: few\r\n", "unreadable", None),
    ];
    for (headers, expected, remaining) in cases {
        let series = found("200 OK", headers).await;
        assert_eq!(state(&series), [expected], "{headers}");
        assert_eq!(number(&series, "pull_counts_remaining"), remaining, "{headers}");
        let is_limited = number(&series, "pull_counts_limit").is_some();
        assert_eq!(is_limited, remaining.is_some(), "{headers}");
        assert_eq!(number(&series, "pull_counts_probe_success"), Some(1.0));
        assert!(number(&series, "pull_counts_last_success_timestamp_seconds") > Some(1.7e9));
    }
    let source = "pull_counts_source_info account=anonymous source=192.0.2.1";
    assert_eq!(found("200 OK", hub).await[source], 1.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_with_numbers_is_an_answer_and_one_without_is_none() {
    let told = "ratelimit-limit: 100;w=60\r\nratelimit-remaining: 0;w=60\r\n";
    let series = found("429 Too Many Requests", told).await;
    assert_eq!(
        (state(&series), number(&series, "pull_counts_remaining")),
        (vec!["limited"], Some(0.0))
    );
    let series = found("429 Too Many Requests", "").await;
    assert_eq!(state(&series), ["unknown"]);
    assert_eq!(number(&series, "pull_counts_remaining"), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_failure_has_its_reason_and_no_number() {
    let failed = async |status: &'static str| found(status, "").await;
    let mut cases = vec![
        ("unauthorized", failed("401 Unauthorized").await),
        ("unauthorized", failed("403 Forbidden").await),
        ("no_image", failed("404 Not Found").await),
        ("too_many_requests", failed("429 Too Many Requests").await),
        ("status", failed("503 Service Unavailable").await),
        ("status", failed("302 Found").await),
    ];
    let prober = prober(None);
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let target = format!("http://{free}/shop:v1");
    cases.push(("unreachable", probe(&prober, &target, Names::Own).await));
    let target = "http://registry.nowhere.example/shop:v1";
    cases.push(("not_found", probe(&prober, target, Names::Own).await));
    let noise = Scripted::start(|_| "SSH-2.0-noise\r\n".to_owned()).await;
    let target = format!("http://{}/shop:v1", noise.address);
    cases.push(("malformed", probe(&prober, &target, Names::Own).await));
    // It speaks first, and not TLS.
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let target = format!("https://{}/shop:v1", listener.local_addr().unwrap());
    let mut tasks = tokio::task::JoinSet::new();
    tasks.spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let _ = stream.try_write(b"HTTP/1.1 400 Bad Request\r\n\r\n");
        std::future::pending::<()>().await;
    });
    cases.push(("tls", probe(&prober, &target, Names::Own).await));
    for (reason, series) in cases {
        let key = format!("pull_counts_probe_failure account=anonymous reason={reason}");
        assert_eq!(series.get(&key), Some(&1.0), "{reason}: {series:?}");
        assert_eq!(state(&series), ["unknown"], "{reason}");
        assert_eq!(number(&series, "pull_counts_probe_success"), Some(0.0));
        for name in ["limit", "remaining", "window_seconds", "last_success_timestamp_seconds"] {
            assert_eq!(number(&series, &format!("pull_counts_{name}")), None, "{reason} {name}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_who_is_silent_is_waited_for() {
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let target = format!("http://{}/shop:v1", silent.local_addr().unwrap());
    let series = probe(&prober(None), &target, Names::Own).await;
    let key = "pull_counts_probe_failure account=anonymous reason=timeout";
    assert_eq!(series.get(key), Some(&1.0), "{series:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_success_stays_when_there_is_no_more_answer() {
    let prober = prober(None);
    let is_up = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(true));
    let shared = is_up.clone();
    let server = Scripted::start(move |_| {
        let up = shared.load(std::sync::atomic::Ordering::Relaxed);
        answer(if up { "200 OK" } else { "503 Service Unavailable" }, "")
    })
    .await;
    let target = format!("http://{}/shop:v1", server.address);
    let name = "pull_counts_last_success_timestamp_seconds";
    let first = number(&probe(&prober, &target, Names::Own).await, name);
    is_up.store(false, std::sync::atomic::Ordering::Relaxed);
    let series = probe(&prober, &target, Names::Own).await;
    assert!(first.is_some());
    assert_eq!((number(&series, name), state(&series)), (first, vec!["unknown"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn dashboards_of_before_find_their_names() {
    let told = "ratelimit-limit: 100;w=60\r\nratelimit-remaining: 20;w=60\r\n";
    let server = Scripted::start(move |_| answer("200 OK", told)).await;
    let target = format!("http://{}/shop:v1", server.address);
    let series = probe(&prober(None), &target, Names::Legacy).await;
    assert_eq!(number(&series, "dockerhub_limit_max_requests_total"), Some(100.0));
    assert_eq!(number(&series, "dockerhub_limit_remaining_requests_total"), Some(20.0));
}

#[tokio::test(flavor = "multi_thread")]
async fn it_asks_with_head_and_for_a_token_and_for_nothing_else() {
    let server = Scripted::start(move |head| {
        let host = head.lines().find_map(|line| line.strip_prefix("host: ")).unwrap_or_default();
        let realm =
            format!("WWW-Authenticate: Bearer realm=\"http://{host}/token\",service=\"s\"\r\n");
        match head.split(' ').nth(1) {
            Some(path) if path.starts_with("/token") => {
                let token = "{\"access_token\":\"t0ken\",\"issued_at\":\"1970-01-01T00:00:00Z\"}";
                format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{token}", token.len())
            }
            _ if head.contains("Bearer t0ken") => answer("200 OK", ""),
            _ => answer("401 Unauthorized", &realm),
        }
    })
    .await;
    let (prober, target) = (prober(None), format!("http://ada:s%20t@{}/a/shop:v1", server.address));
    for _ in 0..3 {
        let series = probe(&prober, &target, Names::Own).await;
        assert_eq!(state(&series), ["unlimited"], "{series:?} {:?}", server.asked());
    }
    let asked = server.asked();
    let lines: Vec<&str> = asked.iter().filter_map(|head| head.lines().next()).collect();
    let look = "HEAD /v2/a/shop/manifests/v1 HTTP/1.1";
    let token = "GET /token?service=s&scope=repository:a/shop:pull HTTP/1.1";
    assert_eq!(lines, [look, token, look, look, look], "when it was issued is not looked at");
    let with_password = asked.iter().filter(|head| head.contains("YWRhOnMgdA=="));
    assert_eq!(with_password.count(), 1, "to the token's realm alone");
}
