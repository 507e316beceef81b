//! A request as a profile describes it.

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor},
};

/// One kind of request.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RequestSpec {
    /// HTTP method.
    #[serde(default = "default_method")]
    pub(crate) method: String,
    /// Appended to the path of the URL; starts with a slash.
    pub(crate) path: String,
    /// Headers beside those that the load generator makes, in the order in which they are sent. A
    /// list of values is as many headers of that name.
    #[serde(default, deserialize_with = "headers")]
    pub(crate) headers: Vec<(String, String)>,
    /// Sent as it is, or what is in a file: `@FILE`.
    #[serde(default)]
    pub(crate) body: String,
    /// How often, relative to the others. Default 1.
    #[serde(default = "default_weight")]
    pub(crate) weight: u32,
}

fn default_method() -> String {
    "GET".to_owned()
}

fn default_weight() -> u32 {
    1
}

/// One value of a header, or several.
#[derive(Deserialize)]
#[serde(untagged, expecting = "expected a text, or a list of texts")]
enum Values {
    One(String),
    Several(Vec<String>),
}

fn headers<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<(String, String)>, D::Error> {
    struct Headers;

    impl<'de> Visitor<'de> for Headers {
        type Value = Vec<(String, String)>;

        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("headers: {name: value}, or {name: [value, value]}")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut headers = Vec::new();
            while let Some((name, values)) = map.next_entry::<String, Values>()? {
                let values = match values {
                    Values::One(value) => vec![value],
                    Values::Several(values) => values,
                };
                headers.extend(values.into_iter().map(|value| (name.clone(), value)));
            }
            Ok(headers)
        }
    }

    from.deserialize_map(Headers)
}
