//! What is read, what is warned of, and what ends the start.

use super::*;

const ENDPOINT: (&str, &str) = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4318");

fn read(variables: &[(&str, &str)]) -> Result<Otel, String> {
    Otel::read(&Env::listed(variables)).map_err(|why| why.to_string())
}

/// With a collector.
fn with(variables: &[(&str, &str)]) -> Otel {
    read(&[&[ENDPOINT], variables].concat()).unwrap()
}

#[test]
fn nothing_is_traced_without_an_endpoint_nor_when_it_is_switched_off() {
    assert!(!read(&[]).unwrap().wanted);
    assert!(with(&[]).wanted && with(&[]).ignored.is_empty());
    for off in ["true", "True", "TRUE"] {
        assert!(!with(&[("OTEL_SDK_DISABLED", off)]).wanted, "{off}");
    }
    assert!(!with(&[("OTEL_TRACES_EXPORTER", "none")]).wanted);
}

#[test]
fn every_other_boolean_is_false_and_an_odd_one_is_warned_of() {
    for on in ["false", "False", ""] {
        let otel = with(&[("OTEL_SDK_DISABLED", on)]);
        assert!(otel.wanted && otel.ignored.is_empty(), "{on}: {:?}", otel.ignored);
    }
    for odd in ["1", "yes", "on"] {
        let otel = with(&[("OTEL_SDK_DISABLED", odd)]);
        assert!(otel.wanted && otel.ignored[0].contains("OTEL_SDK_DISABLED"), "{odd}");
    }
}

#[test]
fn what_cannot_be_done_ends_the_start_with_its_name_and_remedy() {
    for (name, value, words) in [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "https://collector:4318", "no TLS"),
        ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "HTTPS://collector", "no TLS"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4318", "http://localhost:4318"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://", "http://localhost:4318"),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc", "http/protobuf"),
        ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "http/json", "http/protobuf"),
        ("OTEL_TRACES_EXPORTER", "zipkin", "otlp"),
        ("OTEL_CONFIG_FILE", "otel.yaml", "unset"),
    ] {
        let error = read(&[(name, value)]).unwrap_err();
        assert!(error.starts_with(name) && error.contains(words), "{error}");
    }
}

#[test]
fn the_variable_of_the_name_wins_over_the_attribute() {
    let name = ("OTEL_SERVICE_NAME", "fromname");
    let attributes = ("OTEL_RESOURCE_ATTRIBUTES", "service.name=fromattr,team=a%2Cb");
    let otel = with(&[name, attributes]);
    assert_eq!(otel.service.as_deref(), Some("fromname"));
    assert_eq!(otel.attributes, [KeyValue::new("team", "a,b")]);
    assert_eq!(with(&[attributes]).service.as_deref(), Some("fromattr"));
    let broken = with(&[("OTEL_RESOURCE_ATTRIBUTES", "team=a,b")]);
    assert!(broken.attributes.is_empty() && broken.ignored[0].contains("`b`"), "{broken:?}");
}

#[test]
fn samplers_take_their_arguments_and_wrong_ones_count_as_not_set() {
    let sampler = |name: &str, argument: &str| {
        let otel = with(&[("OTEL_TRACES_SAMPLER", name), ("OTEL_TRACES_SAMPLER_ARG", argument)]);
        (format!("{:?}", otel.sampler), otel.ignored.len())
    };
    assert_eq!(sampler("traceidratio", "0.25"), ("TraceIdRatioBased(0.25)".to_owned(), 0));
    assert_eq!(sampler("traceidratio", ""), ("TraceIdRatioBased(1.0)".to_owned(), 0));
    for wrong in ["-1", "1.5", "half", "inf", "NaN"] {
        assert_eq!(sampler("traceidratio", wrong), ("TraceIdRatioBased(1.0)".to_owned(), 1));
    }
    assert_eq!(sampler("always_off", ""), ("AlwaysOff".to_owned(), 0));
    assert_eq!(sampler("always_on", "0.5").1, 1);
    let (parent, warnings) = sampler("jaeger_remote", "");
    assert!(parent.contains("ParentBased") && warnings == 1, "{parent} {warnings}");
}

#[test]
fn numbers_that_are_none_leave_the_default_and_are_warned_of() {
    let otel = with(&[
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "10s"),
        ("OTEL_BSP_MAX_QUEUE_SIZE", "0"),
        ("OTEL_SPAN_EVENT_COUNT_LIMIT", "many"),
        ("OTEL_ATTRIBUTE_COUNT_LIMIT", "7"),
    ]);
    assert_eq!(otel.timeout, Duration::from_secs(10));
    assert_eq!(otel.batch.queue, 2_048);
    assert_eq!((otel.limits.attributes, otel.limits.events), (7, 128));
    assert_eq!(otel.ignored.len(), 3, "{:?}", otel.ignored);
    let traces =
        with(&[("OTEL_EXPORTER_OTLP_TIMEOUT", "5"), ("OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "7")]);
    assert_eq!(traces.timeout, Duration::from_millis(7));
}

#[test]
fn what_has_no_effect_is_named_once_and_what_nobody_knows_too() {
    let otel = with(&[
        ("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip"),
        ("OTEL_EXPORTER_OTLP_CERTIFICATE", "/nonexistent.pem"),
        ("OTEL_EXPORTER_OTLP_CLIENT_KEY", "/key.pem"),
        ("OTEL_BSP_EXPORT_TIMEOUT", "1"),
        ("OTEL_METRICS_EXPORTER", "otlp"),
        ("OTEL_LOGS_EXPORTER", "none"),
        ("OTEL_PIGEONS", "3"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "api-key=secret,nonsense"),
    ]);
    for name in ["COMPRESSION", "CERTIFICATE", "CLIENT_KEY", "BSP_EXPORT", "METRICS", "PIGEONS"] {
        let named = otel.ignored.iter().filter(|line| line.contains(name)).count();
        assert_eq!(named, 1, "{name}: {:?}", otel.ignored);
    }
    assert_eq!(otel.ignored.len(), 7, "{:?}", otel.ignored);
    assert!(otel.ignored.iter().any(|line| line.contains("entry 2")), "{:?}", otel.ignored);
    assert!(!format!("{:?}", otel.ignored).contains("secret"));
}

#[test]
fn settings_without_a_collector_are_named() {
    let otel = read(&[("OTEL_SERVICE_NAME", "x"), ("OTEL_PROPAGATORS", "none")]).unwrap();
    assert_eq!(otel.ignored.len(), 1);
    assert!(otel.ignored[0].starts_with("OTEL_SERVICE_NAME: nothing is traced without"));
}
