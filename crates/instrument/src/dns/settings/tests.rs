//! Tests of `settings.rs`.

use proptest::prelude::*;

use super::*;

fn parse(text: &str) -> Settings {
    Settings::parse(Path::new("test"), text.as_bytes())
}

#[test]
fn a_kubernetes_file_is_read_as_it_is() {
    let settings = parse(
        "search shop.svc.cluster.local svc.cluster.local cluster.local\nnameserver 10.96.0.10\noptions ndots:5\n",
    );
    assert_eq!(
        settings,
        Settings {
            nameservers: vec!["10.96.0.10".parse().unwrap()],
            search: ["shop.svc.cluster.local", "svc.cluster.local", "cluster.local"]
                .map(String::from)
                .to_vec(),
            ndots: 5,
            timeout: Duration::from_secs(5),
            attempts: 2,
        }
    );
}

#[test]
fn values_beyond_the_limits_of_glibc_are_cut() {
    let settings = parse("nameserver 127.0.0.1\noptions ndots:99 timeout:99 attempts:99");
    assert_eq!((settings.ndots, settings.timeout.as_secs(), settings.attempts), (15, 30, 5));
    let settings = parse("nameserver 127.0.0.1\noptions ndots:0 timeout:0 attempts:0");
    assert_eq!((settings.ndots, settings.timeout.as_secs(), settings.attempts), (0, 1, 1));
}

#[test]
fn only_the_first_three_servers_are_used() {
    let settings =
        parse("nameserver ::1\nnameserver 127.0.0.2\nnameserver 127.0.0.3\nnameserver 127.0.0.4");
    let expected: [IpAddr; 3] = ["::1", "127.0.0.2", "127.0.0.3"].map(|ip| ip.parse().unwrap());
    assert_eq!(settings.nameservers, expected);
}

#[test]
fn of_search_and_domain_the_last_one_counts() {
    assert_eq!(parse("search a b\ndomain c").search, ["c"]);
    assert_eq!(parse("domain c\nsearch a b").search, ["a", "b"]);
}

#[test]
fn a_bad_line_does_not_spoil_the_others() {
    let settings =
        parse("nameserver nonsense\nfrobnicate\noptions ndots:many\nnameserver 127.0.0.1");
    assert_eq!((settings.nameservers.len(), settings.ndots), (1, 1));
}

#[test]
fn servers_take_turns_in_the_order_of_the_file() {
    let settings = parse("options attempts:2");
    assert_eq!(
        settings.turns(&["first", "second"]).copied().collect::<Vec<_>>(),
        ["first", "second", "first", "second"]
    );
}

proptest! {
    #[test]
    fn with_one_server_and_one_name_the_worst_case_is_timeout_times_attempts(timeout in 1_u32..=30, attempts in 1_u32..=5) {
        let settings = parse(&format!("nameserver 127.0.0.1\noptions timeout:{timeout} attempts:{attempts}"));
        prop_assert_eq!(settings.worst_case(1), Duration::from_secs(u64::from(timeout * attempts)));
    }

    #[test]
    fn the_worst_case_is_the_sum_of_all_turns(servers in 1_usize..=3, attempts in 1_u32..=5, candidates in 1_usize..=7) {
        let lines: String = (1..=servers).map(|n| format!("nameserver 127.0.0.{n}\n")).collect();
        let settings = parse(&format!("{lines}options attempts:{attempts}"));
        let turns = settings.turns(&settings.nameservers).count() * candidates;
        prop_assert_eq!(settings.worst_case(candidates), settings.timeout * u32::try_from(turns).unwrap());
    }

    #[test]
    fn no_file_makes_it_panic(text in prop::collection::vec(any::<u8>(), 0..300)) {
        let settings = Settings::parse(Path::new("test"), &text);
        prop_assert!(settings.nameservers.len() <= 3 && settings.attempts >= 1);
    }
}
