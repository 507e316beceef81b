//! From a YAML value to a strict struct; mistakes are named in the words of YAML, all at once.

use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_path_to_error::Segment;

use crate::fields::problem::Problem;

/// Mistakes named in one struct; whoever has more of them has the wrong file.
const MOST: usize = 20;

/// Reads `value` into a strict struct. Every mistake goes to `problems`, with its field below
/// `parent`.
///
/// What is wrong is left out, so that the rest can still be read and checked: with mistakes there
/// may be a struct nevertheless, which is for further checks only (see [`extend`]).
pub(crate) fn read<T: DeserializeOwned>(
    value: &Value,
    parent: &str,
    problems: &mut Vec<Problem>,
) -> Option<T> {
    let mut rest = value.clone();
    // Structs out of which something was taken.
    let mut torn: Vec<String> = Vec::new();
    for _ in 0..MOST {
        let error = match serde_path_to_error::deserialize::<_, T>(&rest) {
            Ok(read) => return Some(read),
            Err(error) => error,
        };
        let path: Vec<Segment> = error.path().iter().cloned().collect();
        let text = error.path().to_string();
        let message = error.into_inner().to_string();
        // A required field whose name or value was wrong is not missing as well.
        if !(message.starts_with("missing field") && torn.contains(&text)) {
            let field = match text.as_str() {
                "." => parent.to_owned(),
                path => format!("{parent}.{path}"),
            };
            problems.push(Problem::new(field, in_yaml(&message)));
        }
        if !remove(&mut rest, &path) {
            return None;
        }
        torn.push(around(&text));
    }
    None
}

/// The path of the struct or list that something stands in.
fn around(path: &str) -> String {
    let end = path.rfind(['.', '[']).unwrap_or(0);
    if end == 0 { ".".to_owned() } else { path[..end].to_owned() }
}

/// Whether `field` has been found wrong already, or lies within or around what has: then nothing
/// that follows from its value counts.
fn spoilt(problems: &[Problem], field: &str) -> bool {
    let within = |inner: &str, outer: &str| {
        inner
            .strip_prefix(outer)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
    };
    problems.iter().any(|known| within(field, &known.field) || within(&known.field, field))
}

/// Adds `more` problems of the struct at `parent`, but none that follows from another.
pub(crate) fn extend(problems: &mut Vec<Problem>, more: Vec<Problem>, parent: &str) {
    let more: Vec<Problem> = more
        .into_iter()
        .map(|problem| problem.under(parent))
        .filter(|problem| !spoilt(problems, &problem.field))
        .collect();
    problems.extend(more);
}

/// Takes out what stands at `path`; `false` if nothing does.
fn remove(value: &mut Value, path: &[Segment]) -> bool {
    let Some((last, way)) = path.split_last() else {
        return false;
    };
    let mut place = value;
    for segment in way {
        let next = match segment {
            Segment::Map { key } => place.get_mut(key),
            Segment::Seq { index } => place.get_mut(*index),
            Segment::Enum { .. } | Segment::Unknown => None,
        };
        match next {
            Some(next) => place = next,
            None => return false,
        }
    }
    match (last, place) {
        (Segment::Map { key }, Value::Object(map)) => map.remove(key).is_some(),
        (Segment::Seq { index }, Value::Array(list)) if *index < list.len() => {
            list.remove(*index);
            true
        }
        _ => false,
    }
}

/// serde names types of Rust; authors of YAML know numbers.
fn in_yaml(message: &str) -> String {
    match message.rsplit_once(", expected ") {
        Some((found, "i64" | "i32" | "u64" | "u32" | "u16" | "u8")) => {
            format!("{found}; write a whole number")
        }
        Some((found, "f64")) => format!("{found}; write a number"),
        Some((found, "a string")) => format!("{found}; write a text, in quotes"),
        Some((found, "a boolean")) => format!("{found}; write true or false"),
        Some((found, "a map")) => format!("{found}; write fields, such as {{name: value}}"),
        Some((found, "a sequence")) => format!("{found}; write a list, such as [a, b]"),
        _ => message.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use serde_json::json;

    use super::*;

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Pair {
        left: i64,
        #[serde(default)]
        right: Vec<String>,
    }

    fn mistakes(value: &Value) -> (Option<Pair>, Vec<String>) {
        let mut problems = Vec::new();
        let read = read(value, "spec", &mut problems);
        (read, problems.into_iter().map(|problem| problem.field).collect())
    }

    #[test]
    fn every_mistake_is_named_and_the_rest_is_read() {
        let (read, fields) = mistakes(&json!({"left": 1, "up": 2, "right": ["a", 3], "down": {}}));
        assert_eq!(read, Some(Pair { left: 1, right: vec!["a".to_owned()] }));
        assert_eq!(fields.len(), 3, "{fields:?}");
        for field in ["spec.up", "spec.right[1]", "spec.down"] {
            assert!(fields.contains(&field.to_owned()), "{fields:?}");
        }
    }

    #[test]
    fn what_was_misspelt_or_wrong_is_not_called_missing_too() {
        assert_eq!(mistakes(&json!({"lefd": 1})), (None, vec!["spec.lefd".to_owned()]));
        assert_eq!(mistakes(&json!({"left": "x"})), (None, vec!["spec.left".to_owned()]));
        assert_eq!(mistakes(&json!({})), (None, vec!["spec".to_owned()]));
        assert_eq!(mistakes(&json!([])).0, None);
    }

    #[test]
    fn what_lies_within_or_around_a_mistake_is_spoilt() {
        let problems = [Problem::new("spec.mode", "x"), Problem::new("spec.list[1].name", "x")];
        for field in ["spec.mode", "spec.mode.value", "spec.list[1]", "spec.list", "spec"] {
            assert!(spoilt(&problems, field), "{field}");
        }
        for field in ["spec.modes", "spec.value", "spec.list[0]"] {
            assert!(!spoilt(&problems, field), "{field}");
        }
    }
}
