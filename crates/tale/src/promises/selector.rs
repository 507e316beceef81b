//! Which alert is meant: a name, narrowed down by labels or not.

use std::borrow::Cow;
use std::fmt;

use schemars::JsonSchema;
use serde::Deserialize;

/// `Name` or `Name{label="value", ..}`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct Selector {
    pub(super) name: String,
    /// Labels that the alert has to have, with their values.
    pub(super) labels: Vec<(String, String)>,
}

impl Selector {
    /// Any alert of this name.
    pub(super) fn named(name: &str) -> Self {
        Self { name: name.to_owned(), labels: Vec::new() }
    }

    /// The series that Prometheus keeps of the alert; `more` is one more matcher, or empty.
    pub(super) fn query(&self, more: &str) -> String {
        let mut matchers = vec![format!("alertname=\"{}\"", self.name)];
        matchers.extend(self.labels.iter().map(|(label, value)| format!("{label}=\"{value}\"")));
        matchers.extend((!more.is_empty()).then(|| more.to_owned()));
        format!("ALERTS{{{}}}", matchers.join(","))
    }
}

impl TryFrom<String> for Selector {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let refuse = |what: &str| {
            format!("`{text}`: {what}; write a name, or e.g. Name{{severity=\"page\"}}")
        };
        let (name, labels) = match text.split_once('{') {
            None => (text.as_str(), ""),
            Some((name, rest)) => {
                let labels = rest.strip_suffix('}');
                (name, labels.ok_or_else(|| refuse("its labels never end"))?)
            }
        };
        let word = |text: &str| {
            let mut chars = text.chars();
            chars.next().is_some_and(|first| first.is_ascii_alphabetic() || first == '_')
                && chars.all(|char| char.is_ascii_alphanumeric() || char == '_')
        };
        if !word(name) {
            return Err(refuse("the name of an alert has letters, digits and _ only"));
        }
        let mut found = Vec::new();
        for label in labels.split(',').map(str::trim).filter(|label| !label.is_empty()) {
            let pair = label.split_once('=').map(|(key, value)| (key.trim(), value.trim()));
            let quoted = |value: &str| Some(value.strip_prefix('"')?.strip_suffix('"')?.to_owned());
            let plain = |value: &String| !value.contains(['"', '\\']);
            let pair = pair.filter(|(key, _)| word(key));
            let pair = pair.and_then(|(key, value)| Some((key, quoted(value).filter(plain)?)));
            let (key, value) = pair.ok_or_else(|| refuse(&format!("`{label}` is no label")))?;
            found.push((key.to_owned(), value));
        }
        Ok(Self { name: name.to_owned(), labels: found })
    }
}

impl fmt::Display for Selector {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.name)?;
        if self.labels.is_empty() {
            return Ok(());
        }
        let labels = self.labels.iter().map(|(label, value)| format!("{label}=\"{value}\""));
        write!(out, "{{{}}}", labels.collect::<Vec<_>>().join(", "))
    }
}

impl JsonSchema for Selector {
    fn schema_name() -> Cow<'static, str> {
        "Selector".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Selector, String> {
        text.to_owned().try_into()
    }

    #[test]
    fn labels_narrow_an_alert_down() {
        let page = read("Slow{severity=\"page\", objective=\"slo\"}").unwrap();
        let query = "ALERTS{alertname=\"Slow\",severity=\"page\",objective=\"slo\"}";
        assert_eq!(page.query(""), query);
        assert_eq!(page.to_string(), "Slow{severity=\"page\", objective=\"slo\"}");
        let firing = read("Slow").unwrap().query("alertstate=\"firing\"");
        assert_eq!(firing, "ALERTS{alertname=\"Slow\",alertstate=\"firing\"}");
        assert_eq!(read("Slow{}").unwrap(), Selector::named("Slow"));
    }

    #[test]
    fn what_would_be_another_query_is_refused() {
        for text in
            ["", "a b", "A{", "A{b}", "A{b=c}", "A{b=\"c\"", "A{b=\"c\"}[5m]", "A{b=~\"c\"}"]
        {
            let why = read(text).unwrap_err();
            assert!(why.contains("Name{severity=\"page\"}"), "{text}: {why}");
        }
        assert!(read("A{b=\"c\\\"} or up\"}").is_err());
    }
}
