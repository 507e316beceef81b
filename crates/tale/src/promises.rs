//! A promise: a step of a tale that is checked.
//!
//! Each kind of promise is a file in `promises/`, with the fields that a tale writes, the check
//! against what the tale defines, the words that the room reads, and the look that tells whether it
//! holds. To add a kind, write that file and list it in [`kinds!`](self) below: nothing compiles
//! until it has all four. How long a promise is waited for is in [`waiting`], what its names may
//! refer to in [`Known`], and where a look gets its data from in [`Sources`].

mod alert;
mod budget;
mod eyes;
mod gate;
mod known;
mod length;
mod look;
mod mail;
mod messages;
mod metric;
mod quiet;
mod selector;
mod sources;
mod waiting;

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::{Deserialize, DeserializeOwned, Deserializer, Error, MapAccess, Visitor};
use serde_json::{Map, Value};

pub use gate::GateWord;
pub use known::Known;
pub use length::Length;
pub use sources::Sources;
pub use waiting::{Ending, wait_for};

use look::Look;

/// How long a promise is waited for when it does not say `within`.
const WITHIN: Duration = Duration::from_secs(10);

kinds! {
    /// No alert of the tale is pending or firing.
    quiet::Quiet,
    /// PromQL that has to yield something.
    metric::Metric,
    /// An alert is firing, resolved or inactive.
    alert::Alert,
    /// Alertmanager has sent a mail about an alert.
    mail::Mail,
    /// So many messages were sent to somebody.
    messages::Messages,
    /// The gate passes or refuses.
    gate::Gate,
    /// So much of an error budget is spent.
    budget::Budget,
}

/// What each kind of promise says about itself. Its fields are those of the type that implements
/// this; the first is named like its file, and tells a reader of the tale which kind it is.
trait PromiseKind: DeserializeOwned + JsonSchema {
    /// Whether what it names is defined by the tale, and whether its fields go together.
    ///
    /// # Errors
    /// The field, what is wrong with it, and what to write instead.
    fn check(&self, known: &Known) -> Result<()>;
    /// The promise as a line of text.
    fn text(&self) -> String;
    /// Whether it holds now.
    fn look(&self, sources: &Sources) -> impl Future<Output = Look> + Send;
    /// The PromQL that the tale writes, if it writes any: whether Prometheus takes it is found out
    /// before the first act.
    fn query(&self) -> Option<&str> {
        None
    }
}

/// One promise: exactly one kind, and how it is meant.
#[derive(Debug, Clone)]
pub struct Promise {
    /// What is promised.
    pub kind: Kind,
    /// The longest wait, counted from the act; 10 s if left out.
    within: Option<Length>,
    /// `for`: how long it has to stay true.
    lasting: Option<Length>,
    /// What the room reads; by default the promise itself.
    says: Option<String>,
    /// What the room is told while it waits.
    meanwhile: Option<String>,
}

impl Promise {
    /// Whether what it names is defined by the tale.
    ///
    /// # Errors
    /// The field, what is wrong with it, and what to write instead.
    pub fn check(&self, known: &Known) -> Result<()> {
        self.kind.check(known)
    }

    /// Its field with PromQL that the tale writes, and that PromQL.
    pub fn query(&self) -> Option<(&'static str, &str)> {
        Some((self.kind.key(), self.kind.query()?))
    }

    /// The promise as a line of text.
    pub fn text(&self) -> String {
        self.says.clone().unwrap_or_else(|| self.kind.text())
    }

    /// What the room is told while it waits.
    pub fn meanwhile(&self) -> Option<&str> {
        self.meanwhile.as_deref()
    }

    /// The longest wait, counted from the act.
    pub fn within(&self) -> Duration {
        self.within.map_or(WITHIN, |length| length.0)
    }

    /// How long it has to stay true once it holds; zero if once is enough.
    pub fn lasting(&self) -> Duration {
        self.lasting.map_or(Duration::ZERO, |length| length.0)
    }
}

/// The fields that every kind of promise may have.
const COMMON: [&str; 4] = ["within", "for", "says", "meanwhile"];

impl<'de> Deserialize<'de> for Promise {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Fields)
    }
}

/// Sorts the fields of a promise into those that all kinds have and those of its own.
struct Fields;

impl<'de> Visitor<'de> for Fields {
    type Value = Promise;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "a promise: one of {}, and its fields", Kind::KEYS.join(", "))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Promise, A::Error> {
        let (mut within, mut lasting, mut says, mut meanwhile) = (None, None, None, None);
        let mut own = Map::new();
        while let Some(field) = fields.next_key::<String>()? {
            match field.as_str() {
                "within" => within = fields.next_value()?,
                "for" => lasting = fields.next_value()?,
                "says" => says = fields.next_value()?,
                "meanwhile" => meanwhile = fields.next_value()?,
                _ => drop(own.insert(field, fields.next_value()?)),
            }
        }
        let kind = Kind::read(own).map_err(|why| A::Error::custom(format_args!("{why:#}")))?;
        Ok(Promise { kind, within, lasting, says, meanwhile })
    }
}

impl Kind {
    /// Reads the fields that are a kind's own.
    fn read(fields: Map<String, Value>) -> Result<Self> {
        let mut keys = Self::KEYS.iter().filter(|key| fields.contains_key(**key));
        let key = match (keys.next(), keys.next()) {
            (Some(key), None) => key,
            (None, _) => bail!("promises nothing; write one of {}", Self::KEYS.join(", ")),
            (Some(_), Some(_)) => {
                bail!("promises several things at once; make it several promises")
            }
        };
        let known = Self::fields(key);
        for field in fields.keys() {
            ensure!(
                known.contains(field),
                "unknown field `{field}`, expected one of `{}`",
                known.join("`, `")
            );
        }
        Self::of(key, fields.into()).with_context(|| format!("`{key}` cannot be read"))
    }

    /// The fields of a kind, its own first.
    fn fields(key: &str) -> Vec<String> {
        let schema = Self::schema(key, &mut SchemaGenerator::default());
        let own = schema.get("properties").and_then(Value::as_object);
        let own = own.into_iter().flat_map(|own| own.keys().cloned());
        own.chain(COMMON.map(str::to_owned)).collect()
    }
}

impl JsonSchema for Promise {
    fn schema_name() -> Cow<'static, str> {
        "Promise".into()
    }

    /// One alternative per kind: its own fields, and those that all of them have.
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let within = generator.subschema_for::<Length>();
        let common = schemars::json_schema!({
            "within": {
                "description": "The longest wait, counted from the act; 10 s if left out.",
                "allOf": [within.clone()],
            },
            "for": {
                "description": "How long it has to stay true.",
                "allOf": [within],
            },
            "says": {
                "description": "What the room reads; by default the promise itself.",
                "type": "string",
            },
            "meanwhile": {
                "description": "What the room is told while it waits: what is being waited for, and why.",
                "type": "string",
            },
        });
        let kinds = Kind::KEYS.iter().map(|key| {
            let mut schema = Kind::schema(key, generator);
            let own = schema.get_mut("properties").and_then(Value::as_object_mut);
            if let (Some(own), Some(common)) = (own, common.as_object()) {
                own.extend(common.clone());
            }
            schema
        });
        let kinds: Vec<Schema> = kinds.collect();
        schemars::json_schema!({
            "description": "A promise: exactly one of these kinds, and how it is meant.",
            "anyOf": kinds,
        })
    }
}

/// Makes the enum [`Kind`] of the kinds that are listed, and hands each question on to the kind.
macro_rules! kinds {
    ($($(#[$doc:meta])* $module:ident::$kind:ident),+ $(,)?) => {
        /// What is promised.
        #[derive(Debug, Clone)]
        pub enum Kind {
            $($(#[$doc])* $kind($module::$kind),)+
        }

        impl Kind {
            /// The field by which each kind is recognized.
            const KEYS: &[&str] = &[$(stringify!($module)),+];

            /// The field by which this kind is recognized.
            pub fn key(&self) -> &'static str {
                match self {
                    $(Self::$kind(_) => stringify!($module),)+
                }
            }

            fn of(key: &str, fields: Value) -> serde_json::Result<Self> {
                match key {
                    $(stringify!($module) => serde_json::from_value(fields).map(Self::$kind),)+
                    other => Err(Error::custom(format_args!("there is no kind `{other}`"))),
                }
            }

            fn schema(key: &str, generator: &mut SchemaGenerator) -> Schema {
                match key {
                    $(stringify!($module) => <$module::$kind>::json_schema(generator),)+
                    _ => Schema::default(),
                }
            }

            fn check(&self, known: &Known) -> Result<()> {
                match self {
                    $(Self::$kind(kind) => kind.check(known),)+
                }
            }

            fn text(&self) -> String {
                match self {
                    $(Self::$kind(kind) => kind.text(),)+
                }
            }

            fn query(&self) -> Option<&str> {
                match self {
                    $(Self::$kind(kind) => kind.query(),)+
                }
            }

            async fn look(&self, sources: &Sources) -> Look {
                match self {
                    $(Self::$kind(kind) => kind.look(sources).await,)+
                }
            }
        }
    };
}
use kinds;

#[cfg(test)]
mod tests;
