//! OpenTelemetry's variables: read once, at start, from one table.
//!
//! Lesson: *a variable that is ignored in silence costs an afternoon.* The SDK reads most of them by
//! itself, some differently from the specification, and says nothing when a value is wrong. So each
//! variable stands in [`table::VARIABLES`], and one of three things becomes of it: it is done as
//! the specification says, it is named in one warning with the reason, or it ends the start.
//!
//! The specification:
//! <https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/> and
//! <https://opentelemetry.io/docs/specs/otel/protocol/exporter/>. Next: `otlp.rs`, where what is
//! read here is used.

pub mod table;
mod values;

use std::time::Duration;

use opentelemetry::KeyValue;
use opentelemetry_sdk::trace::Sampler;

use crate::env::{Env, SettingError};
use table::Fate;
use values::{attributes, bad_header, number, ratio};

/// What the variables ask for.
#[derive(Debug)]
pub(super) struct Otel {
    /// Spans are made and sent.
    pub(super) wanted: bool,
    /// `service.name`, unless the code's name stands.
    pub(super) service: Option<String>,
    /// The other attributes of the resource.
    pub(super) attributes: Vec<KeyValue>,
    pub(super) sampler: Sampler,
    /// The longest that one export may take.
    pub(super) timeout: Duration,
    pub(super) batch: Batch,
    pub(super) limits: Limits,
    /// Sentences about what has no effect.
    pub(super) ignored: Vec<String>,
}

/// How spans are gathered before they are sent.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Batch {
    pub(super) queue: usize,
    pub(super) size: usize,
    pub(super) delay: Duration,
}

/// How much a span may hold.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Limits {
    pub(super) attributes: u32,
    pub(super) events: u32,
    pub(super) links: u32,
    pub(super) attributes_of_event: u32,
    pub(super) attributes_of_link: u32,
}

impl Otel {
    /// Reads all of them.
    ///
    /// # Errors
    /// A variable asks for something that this build cannot do.
    pub(super) fn read(env: &Env) -> Result<Self, SettingError> {
        let mut ignored = Vec::new();
        refuse_what_cannot_be_done(env)?;
        let endpoint = endpoint(env)?;
        let off = disabled(env, &mut ignored)?
            || env.text("OTEL_TRACES_EXPORTER")?.as_deref() == Some("none");
        if !off && endpoint.is_none() {
            without_endpoint(env, &mut ignored)?;
        } else if !off {
            name_what_has_no_effect(env, &mut ignored)?;
        }
        let (service, attributes) = resource(env, &mut ignored)?;
        let otel = Self {
            wanted: !off && endpoint.is_some(),
            service,
            attributes,
            sampler: sampler(env, &mut ignored)?,
            timeout: timeout(env, &mut ignored)?,
            batch: batch(env, &mut ignored)?,
            limits: limits(env, &mut ignored)?,
            ignored: Vec::new(),
        };
        headers(env, &mut ignored)?;
        // Whoever wants no spans need not hear what would become of them.
        let ignored = if otel.wanted || !off && endpoint.is_none() { ignored } else { Vec::new() };
        Ok(Self { ignored, ..otel })
    }

    /// Says, in one line, what has no effect.
    pub(super) fn warn(&self) {
        if !self.ignored.is_empty() {
            let variables = self.ignored.join("; ");
            tracing::warn!(variables, "OpenTelemetry settings without effect");
        }
    }
}

/// Only the text `true`, in whatever letters, is true; everything else is false.
fn disabled(env: &Env, ignored: &mut Vec<String>) -> Result<bool, SettingError> {
    let text = env.text("OTEL_SDK_DISABLED")?.unwrap_or_default();
    let text = text.trim();
    if !["", "true", "false"].iter().any(|known| known.eq_ignore_ascii_case(text)) {
        ignored.push(format!("OTEL_SDK_DISABLED={text}: only true disables; write true or false"));
    }
    Ok(text.eq_ignore_ascii_case("true"))
}

fn refuse_what_cannot_be_done(env: &Env) -> Result<(), SettingError> {
    let only = [
        ("OTEL_TRACES_EXPORTER", &["otlp", "none"][..], "set it to otlp or none"),
        (
            "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL",
            &["http/protobuf"],
            "set it to http/protobuf (port 4318)",
        ),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", &["http/protobuf"], "set it to http/protobuf (port 4318)"),
        ("OTEL_CONFIG_FILE", &[], "unset it, and set the variables that its contents stand for"),
        (
            "OTEL_EXPERIMENTAL_CONFIG_FILE",
            &[],
            "unset it, and set the variables that its contents stand for",
        ),
    ];
    for (name, known, remedy) in only {
        if let Some(found) = env.text(name)?.filter(|text| !known.contains(&text.as_str())) {
            return Err(refusal(name, found, "this build cannot do that", remedy));
        }
    }
    Ok(())
}

/// The collector; `None` means that nothing is traced.
fn endpoint(env: &Env) -> Result<Option<String>, SettingError> {
    for name in ["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT"] {
        let Some(url) = env.text(name)? else { continue };
        let remedy = "set it to the collector's OTLP/HTTP address, e.g. http://localhost:4318";
        if url.trim().to_ascii_lowercase().starts_with("https:") {
            let why = "this build has no TLS";
            let remedy =
                "set it to http://, to a collector beside this service that speaks TLS itself";
            return Err(refusal(name, url, why, remedy));
        }
        let host = url.strip_prefix("http://").unwrap_or_default();
        if host.is_empty() || host.starts_with(['/', ':']) || url.contains(char::is_whitespace) {
            return Err(refusal(name, url, "that is not a URL", remedy));
        }
        return Ok(Some(url));
    }
    Ok(None)
}

fn refusal(name: &str, found: String, why: &str, remedy: &str) -> SettingError {
    SettingError { name: name.to_owned(), found, why: why.to_owned(), remedy: remedy.to_owned() }
}

/// What is set although nothing is traced.
fn without_endpoint(env: &Env, ignored: &mut Vec<String>) -> Result<(), SettingError> {
    let mut set = Vec::new();
    for name in env.names("OTEL_") {
        // How ids travel, and whether there is tracing at all, is decided without a collector.
        let moot = !["OTEL_PROPAGATORS", "OTEL_SDK_DISABLED"].contains(&name.as_str());
        if moot && env.text(&name)?.is_some_and(|text| text != "none") {
            set.push(name);
        }
    }
    if !set.is_empty() {
        ignored.push(format!(
            "{}: nothing is traced without OTEL_EXPORTER_OTLP_ENDPOINT",
            set.join(", ")
        ));
    }
    Ok(())
}

/// What is set and does nothing here, by the table; and what the table does not know.
fn name_what_has_no_effect(env: &Env, ignored: &mut Vec<String>) -> Result<(), SettingError> {
    for name in env.names("OTEL_") {
        let Some(value) = env.text(&name)? else { continue };
        match table::of(&name).map(|variable| variable.fate) {
            Some(Fate::Ignored(why)) if !table::is_default(&name, &value) => {
                ignored.push(format!("{name}: {why}"));
            }
            Some(_) => {}
            None => ignored.push(format!("{name}: not known here")),
        }
    }
    Ok(())
}

/// The service's name, if a variable sets it, and the other attributes. The name of its own
/// variable wins.
fn resource(
    env: &Env,
    ignored: &mut Vec<String>,
) -> Result<(Option<String>, Vec<KeyValue>), SettingError> {
    let text = env.text("OTEL_RESOURCE_ATTRIBUTES")?.unwrap_or_default();
    let mut pairs = attributes(&text).unwrap_or_else(|entry| {
        ignored.push(format!(
            "OTEL_RESOURCE_ATTRIBUTES: `{entry}` is no name=value, so none of them counts; a comma in a value is written %2C"
        ));
        Vec::new()
    });
    let mut service = env.text("OTEL_SERVICE_NAME")?;
    pairs.retain(|(name, value)| {
        let is_name = name == "service.name";
        if is_name && service.is_none() {
            service = Some(value.clone());
        }
        !is_name
    });
    Ok((service, pairs.into_iter().map(|(name, value)| KeyValue::new(name, value)).collect()))
}

/// Which traces are recorded. What is not understood is as if it was not set.
fn sampler(env: &Env, ignored: &mut Vec<String>) -> Result<Sampler, SettingError> {
    let name = env.text("OTEL_TRACES_SAMPLER")?;
    let argument = env.text("OTEL_TRACES_SAMPLER_ARG")?;
    let name = name.as_deref().unwrap_or("parentbased_always_on");
    let (parent, root) = match name.strip_prefix("parentbased_") {
        Some(root) => (true, root),
        None => (false, name),
    };
    let root = match root {
        "always_on" => Sampler::AlwaysOn,
        "always_off" => Sampler::AlwaysOff,
        "traceidratio" => {
            let part = argument.as_deref().map(ratio);
            if let (Some(None), Some(text)) = (part, &argument) {
                ignored.push(format!("OTEL_TRACES_SAMPLER_ARG={text}: it is no part, 0 to 1"));
            }
            Sampler::TraceIdRatioBased(part.flatten().unwrap_or(1.0))
        }
        _ => {
            ignored.push(format!(
                "OTEL_TRACES_SAMPLER={name}: there are always_on, always_off and traceidratio here, each also with parentbased_ before it"
            ));
            return Ok(Sampler::ParentBased(Box::new(Sampler::AlwaysOn)));
        }
    };
    if argument.is_some() && !name.ends_with("traceidratio") {
        ignored.push("OTEL_TRACES_SAMPLER_ARG: only a traceidratio sampler reads it".to_owned());
    }
    Ok(if parent { Sampler::ParentBased(Box::new(root)) } else { root })
}

/// Milliseconds, by the variable of traces before that of all signals.
fn timeout(env: &Env, ignored: &mut Vec<String>) -> Result<Duration, SettingError> {
    let all = number(env, "OTEL_EXPORTER_OTLP_TIMEOUT", 10_000, 1, ignored)?;
    let own = number(env, "OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", all, 1, ignored)?;
    Ok(Duration::from_millis(own.into()))
}

fn batch(env: &Env, ignored: &mut Vec<String>) -> Result<Batch, SettingError> {
    let queue = number(env, "OTEL_BSP_MAX_QUEUE_SIZE", 2_048, 1, ignored)?;
    let size = number(env, "OTEL_BSP_MAX_EXPORT_BATCH_SIZE", 512.min(queue), 1, ignored)?;
    if size > queue {
        ignored.push(format!(
            "OTEL_BSP_MAX_EXPORT_BATCH_SIZE={size}: the queue holds {queue}, so no more are sent at once"
        ));
    }
    let delay = number(env, "OTEL_BSP_SCHEDULE_DELAY", 5_000, 0, ignored)?;
    Ok(Batch {
        queue: queue as usize,
        size: size.min(queue) as usize,
        delay: Duration::from_millis(delay.into()),
    })
}

fn limits(env: &Env, ignored: &mut Vec<String>) -> Result<Limits, SettingError> {
    let mut limit = |name, default| number(env, name, default, 0, ignored);
    let all = limit("OTEL_ATTRIBUTE_COUNT_LIMIT", 128)?;
    Ok(Limits {
        attributes: limit("OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", all)?,
        events: limit("OTEL_SPAN_EVENT_COUNT_LIMIT", 128)?,
        links: limit("OTEL_SPAN_LINK_COUNT_LIMIT", 128)?,
        attributes_of_event: limit("OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT", all)?,
        attributes_of_link: limit("OTEL_LINK_ATTRIBUTE_COUNT_LIMIT", all)?,
    })
}

/// The SDK sends them; it leaves out in silence what cannot be one. Values are secrets.
fn headers(env: &Env, ignored: &mut Vec<String>) -> Result<(), SettingError> {
    for name in ["OTEL_EXPORTER_OTLP_TRACES_HEADERS", "OTEL_EXPORTER_OTLP_HEADERS"] {
        if let Some(text) = env.text(name)? {
            if let Some(which) = bad_header(&text) {
                ignored.push(format!("{name}: entry {which} is no name=value, so it is not sent"));
            }
            return Ok(());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
