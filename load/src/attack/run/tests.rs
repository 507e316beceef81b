//! What is refused before a packet is sent.

use clap::Parser;

use super::*;
use crate::attack::options::Command;

fn refused(arguments: &[&str], environment: &Environment) -> String {
    let command = Command::try_parse_from([&["load"], arguments].concat()).unwrap();
    execute(&command.profile, environment).unwrap_err().to_string()
}

#[test]
fn an_attack_on_what_is_not_ours_is_refused() {
    let nothing = Environment::default();
    for url in ["http://93.184.216.34/", "http://10.0.0.7/", "http://[2001:db8::1]/"] {
        let why = refused(&["hoard", url], &nothing);
        assert!(why.contains("--i-own-this-target"), "{why}");
    }
    let pod = Environment { kubernetes: Some("10.96.0.1".to_owned()), ..Environment::default() };
    let why = refused(&["half-open", "http://shop.example.com/"], &pod);
    assert!(why.contains("not a name of this cluster"), "{why}");
}

#[test]
fn a_name_is_judged_by_where_it_leads() {
    let folder = tempfile::tempdir().unwrap();
    let hosts = folder.path().join("hosts");
    std::fs::write(&hosts, "10.0.0.7 shop\n").unwrap();
    let environment = Environment { hosts_file: Some(hosts), ..Environment::default() };
    let why = refused(&["hoard", "http://shop/"], &environment);
    assert!(why.contains("shop is 10.0.0.7"), "{why}");
}

#[test]
fn what_makes_no_sense_is_refused_with_the_option_and_the_remedy() {
    let here = "http://127.0.0.1:1/";
    for (arguments, says) in [
        (&["hoard", here, "--rate", "0"][..], "--rate 0: give"),
        (&["hoard", here, "--rate", "10", "--connections", "1000"], "raise one of the first two"),
        (&["hoard", here, "--connections", "1000000"], "at most 200000"),
        (&["hoard", here, "--sources", "0"], "give 1 to 1000"),
        (&["hoard", here, "--header", "x"], "'name: value'"),
        (&["hoard", here, "--header", "x: a\nb"], "'name: value'"),
        (&["slow-header", here, "--every", "0s"], "--every: give"),
        (&["slow-read", here, "--bytes", "0"], "--bytes 0: give"),
        (&["slow-read", here, "--requests", "0"], "--requests 0: give"),
        (&["hoard", "ftp://127.0.0.1/"], "is not a URL"),
    ] {
        let why = refused(arguments, &Environment::default());
        assert!(why.contains(says), "{arguments:?}: {why}");
    }
}
