//! From a YAML value to a strict struct; mistakes are named in the words of YAML.

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::fields::problem::Problem;

/// Reads `value` into a strict struct; a failure names the field below `parent`.
pub(crate) fn read<T: DeserializeOwned>(value: &Value, parent: &str) -> Result<T, Problem> {
    serde_path_to_error::deserialize(value).map_err(|error| {
        let path = error.path().to_string();
        let field = if path == "." { parent.to_owned() } else { format!("{parent}.{path}") };
        Problem::new(field, in_yaml(&error.into_inner().to_string()))
    })
}

/// serde names types of Rust; authors of YAML know numbers.
fn in_yaml(message: &str) -> String {
    match message.rsplit_once(", expected ") {
        Some((found, "i64" | "i32" | "u64" | "u32" | "u16" | "u8")) => {
            format!("{found}; write a whole number")
        }
        Some((found, "f64")) => format!("{found}; write a number"),
        _ => message.to_owned(),
    }
}
