//! Writing down what is changed in a document, as it is changed.

use serde_json::{Map, Value};
use stage::Adaptation;

use crate::object;

/// What was changed in one document.
pub(crate) struct Notes {
    object: String,
    pub(crate) list: Vec<Adaptation>,
}

impl Notes {
    pub(crate) fn about(document: &Value) -> Self {
        Self { object: object::title(document), list: Vec::new() }
    }

    /// Sets a key of a map to a value, and notes it when that is a change.
    pub(crate) fn set(
        &mut self,
        map: &mut Map<String, Value>,
        key: &str,
        field: &str,
        now: Value,
        why: &str,
    ) {
        let was = map.get(key);
        if was != Some(&now) {
            self.note(field, shown(was), shown(Some(&now)), why);
            map.insert(key.to_owned(), now);
        }
    }

    /// Notes a change that was made by other means.
    pub(crate) fn note(&mut self, field: &str, was: String, now: String, why: &str) {
        let (object, field, why) = (self.object.clone(), field.to_owned(), why.to_owned());
        self.list.push(Adaptation { object, field, was, now, why });
    }
}

/// A value as somebody would write it.
fn shown(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}
