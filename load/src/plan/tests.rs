//! Command lines that make sense, and those that do not.

use clap::Parser;

use super::*;

fn plan_in(environment: &Environment, arguments: &str) -> Result<Plan, String> {
    let arguments = ["load"].into_iter().chain(arguments.split_whitespace());
    let options = Options::try_parse_from(arguments).map_err(|error| error.to_string())?;
    Plan::new(&options, environment).map_err(|error| error.to_string())
}

fn plan(arguments: &str) -> Result<Plan, String> {
    plan_in(&Environment::default(), arguments)
}

#[test]
fn a_rate_runs_for_ten_seconds() {
    let plan = plan("http://shop:8000/price/tea?x=1 --rate 200").unwrap();
    assert_eq!((plan.schedule.total(), plan.schedule.duration().as_secs()), (2000.0, 10));
    assert_eq!(plan.target, Target { host: "shop".to_owned(), port: 8000 });
    assert_eq!((plan.workers, plan.closed_loop, plan.poisson), (1, false, None));
    let request = plan.mix.template(0).request(Default::default(), None);
    assert_eq!(
        (request.uri().to_string().as_str(), request.headers()["host"].to_str().unwrap()),
        ("/price/tea?x=1", "shop:8000")
    );
}

#[test]
fn rate_and_duration_scale_a_profile() {
    let plan =
        plan("spike http://h --rate 1000 --duration 4s --arrivals poisson --seed 7").unwrap();
    assert_eq!(
        (plan.schedule.peak(), plan.schedule.duration().as_secs(), plan.poisson),
        (1000.0, 4, Some(7))
    );
    assert_eq!((plan.profile.as_str(), plan.target.port), ("spike", 80));
}

#[test]
fn the_paths_of_a_profile_follow_the_path_of_the_url() {
    let file = std::env::temp_dir().join(format!("load-plan-{}.yaml", std::process::id()));
    std::fs::write(
        &file,
        "name: x\nphases: [{constant: {rate: 1, for: 1s}}]\nrequests: [{path: /a}]",
    )
    .unwrap();
    for (url, path) in [
        ("http://h", "/a"),
        ("http://h/", "/a"),
        ("http://h/api", "/api/a"),
        ("http://h/api/", "/api/a"),
    ] {
        let plan = plan(&format!("{url} --profile {}", file.display())).unwrap();
        assert_eq!(plan.mix.template(0).request(Default::default(), None).uri().path(), path);
    }
    let error = plan(&format!("http://h --method PUT --profile {}", file.display())).unwrap_err();
    assert!(error.contains("change them there"), "{error}");
    std::fs::remove_file(file).unwrap();
}

#[test]
fn headers_of_the_command_line_take_the_place_of_those_of_a_profile() {
    let file = std::env::temp_dir().join(format!("load-headers-{}.yaml", std::process::id()));
    std::fs::write(
        &file,
        "name: x\nphases: [{constant: {rate: 1, for: 1s}}]\nrequests: [{path: /a, headers: {x: [a, b], y: z}}]",
    )
    .unwrap();
    let sent = |more: &str| -> Vec<String> {
        let plan = plan(&format!("{} http://h {more}", file.display())).unwrap();
        let request = plan.mix.template(0).request(Default::default(), None);
        let lines = request.headers().iter();
        lines.map(|(name, value)| format!("{name}:{}", value.to_str().unwrap())).collect()
    };
    assert_eq!(sent(""), ["host:h", "x:a", "x:b", "y:z"]);
    assert_eq!(sent("--header X:1 --header X:2"), ["host:h", "y:z", "x:1", "x:2"]);
    std::fs::remove_file(file).unwrap();
}

#[test]
fn connections_are_shared_out_among_the_workers() {
    for (connections, workers) in [(1, 1), (10, 3), (3, 10), (100, 7)] {
        let plan = plan(&format!("http://h --max --connections {connections} --workers {workers}"))
            .unwrap();
        let shares: Vec<usize> =
            (0..plan.workers).map(|worker| plan.connections_of(worker)).collect();
        assert_eq!(shares.iter().sum::<usize>(), connections);
        assert!(shares.iter().all(|share| *share > 0), "{shares:?}");
    }
}

#[test]
fn addresses_in_urls_are_read_with_and_without_brackets() {
    for (url, host, port) in [
        ("http://[::1]:81/", "::1", 81),
        ("http://[::1]", "::1", 80),
        ("http://127.1.2.3:8000", "127.1.2.3", 8000),
    ] {
        assert_eq!(
            plan(&format!("{url} --rate 1")).unwrap().target,
            Target { host: host.to_owned(), port }
        );
    }
}

#[test]
fn what_makes_no_sense_is_refused_with_the_remedy() {
    for (arguments, words) in [
        ("http://h", "give --rate R, --max, or a profile before the URL"),
        ("spike http://h --profile ramp", "two profiles"),
        ("spike http://h --max", "takes no profile"),
        ("http://h/{{id}} --rate 1", "placeholder"),
        ("http://h/#top --rate 1", "what follows a #"),
        ("https://h --rate 1", "TLS"),
        ("h --rate 1", "http://HOST"),
        ("ftp://h --rate 1", "http://HOST"),
        ("http:///x --rate 1", "http://HOST"),
        ("http://h:0 --rate 1", "http://HOST"),
        ("http://h:99999 --rate 1", "http://HOST"),
        ("http://h --rate 0", "more than 0"),
        ("http://h --rate nan", "more than 0"),
        ("http://h --rate 1e9", "at most 1000000"),
        ("http://h --rate 1 --duration 0s", "1ms"),
        ("http://h --rate 1 --duration 5", "write it as"),
        ("http://h --rate 1 --timeout 0s", "--timeout"),
        ("http://h --rate 1 --connections 0", "1 or more"),
        ("http://h --rate 1 --connections 100000000", "ulimit -n"),
        ("http://h --rate 1 --trace-ratio 2", "0 to 1"),
        ("http://h --rate 1 --header nocolon", "name: value"),
        ("http://h --rate 1 --header connection:x", "leave it out"),
        ("http://h --rate 1 --method G/T", "method"),
        ("http://h --rate 1 --fail-if p99", "p99>250ms"),
        ("http://h --rate 1 --expect-status 99", "99"),
        ("http://h --max --rate 1", "cannot be used with"),
        ("nonesuch http://h", "constant, poisson, pulls, ramp, spike, step"),
        ("http://h --rate 1 --colour red", "--colour"),
    ] {
        let error = plan(arguments).expect_err(arguments);
        assert!(error.contains(words), "{arguments}: {error}");
    }
}

#[test]
fn the_metrics_address_comes_from_option_variable_or_pod_in_this_order() {
    let text = |text: &str| Some(text.to_owned());
    let mut environment = Environment::default();
    let metrics = |environment: &Environment, arguments: &str| {
        plan_in(environment, arguments).map(|plan| plan.metrics.map(|address| address.to_string()))
    };
    assert_eq!(metrics(&environment, "http://h --rate 1"), Ok(None));
    environment.rocket_address = text("127.1.0.3");
    assert_eq!(metrics(&environment, "http://h --rate 1"), Ok(text("127.1.0.3:9000")));
    environment.admin_port = text("9100");
    assert_eq!(metrics(&environment, "http://h --rate 1"), Ok(text("127.1.0.3:9100")));
    environment.metrics_address = text("127.0.0.1:1");
    assert_eq!(metrics(&environment, "http://h --rate 1"), Ok(text("127.0.0.1:1")));
    assert_eq!(
        metrics(&environment, "http://h --rate 1 --metrics 127.0.0.1:2"),
        Ok(text("127.0.0.1:2"))
    );
}

#[test]
fn bad_variables_are_refused_by_name() {
    let text = |text: &str| Some(text.to_owned());
    for (environment, name) in [
        (Environment { resolv_port: text("0"), ..Default::default() }, "RESOLV_PORT"),
        (Environment { resolv_port: text("dns"), ..Default::default() }, "RESOLV_PORT"),
        (Environment { metrics_address: text("x"), ..Default::default() }, "METRICS_ADDRESS"),
        (Environment { rocket_address: text("x"), ..Default::default() }, "ROCKET_ADDRESS"),
        (
            Environment {
                rocket_address: text("::1"),
                admin_port: text("x"),
                ..Default::default()
            },
            "ADMIN_PORT",
        ),
    ] {
        let error = plan_in(&environment, "http://h --rate 1").unwrap_err();
        assert!(error.contains(name), "{error}");
    }
}
