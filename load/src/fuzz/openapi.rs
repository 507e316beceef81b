//! As much of OpenAPI 3 as it takes to make a request that is meant to be understood. What is not
//! understood here is left out of the request, which is an odd request then: nothing is lost.

use serde_json::{Map, Value, json};

use crate::random::Random;

/// Methods that a path may have.
const METHODS: [&str; 7] = ["get", "put", "post", "delete", "options", "head", "patch"];
/// Beyond this depth a schema that refers to itself ends.
const DEPTH: usize = 8;

/// A method of a path.
pub(crate) struct Operation<'d> {
    document: &'d Value,
    method: &'static str,
    path: &'d str,
    /// Of the path, and of the operation.
    parameters: Vec<&'d Value>,
    body: Option<&'d Value>,
}

/// A request that an operation is meant to understand.
pub(crate) struct Example {
    pub(crate) method: String,
    pub(crate) target: String,
    pub(crate) body: Option<Value>,
}

/// Every method of every path.
pub(crate) fn operations(document: &Value) -> Vec<Operation<'_>> {
    let mut operations = Vec::new();
    for (path, item) in document["paths"].as_object().into_iter().flatten() {
        for method in METHODS {
            let Some(operation) = item.get(method) else { continue };
            let parameters = [&item["parameters"], &operation["parameters"]];
            let parameters = parameters.into_iter().filter_map(Value::as_array).flatten();
            let body = resolved(document, &operation["requestBody"]);
            let content = body["content"].as_object();
            operations.push(Operation {
                document,
                method,
                path,
                parameters: parameters.map(|one| resolved(document, one)).collect(),
                body: content.and_then(|content| content.values().next()),
            });
        }
    }
    operations
}

impl Operation<'_> {
    pub(crate) fn example(&self, random: &mut Random) -> Example {
        let mut target = self.path.to_owned();
        let mut query = Vec::new();
        for parameter in &self.parameters {
            let name = parameter["name"].as_str().unwrap_or_default();
            let value = match parameter.get("example") {
                Some(example) => example.clone(),
                None => value(self.document, &parameter["schema"], random, DEPTH),
            };
            let text = match &value {
                Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            let text =
                percent_encoding::utf8_percent_encode(&text, percent_encoding::NON_ALPHANUMERIC);
            match parameter["in"].as_str() {
                Some("path") => target = target.replace(&format!("{{{name}}}"), &text.to_string()),
                Some("query") if parameter["required"] == true || random.below(2) == 0 => {
                    query.push(format!("{name}={text}"));
                }
                _ => {}
            }
        }
        if !query.is_empty() {
            target = format!("{target}?{}", query.join("&"));
        }
        let body = self.body.map(|content| self.body_of(content, random));
        Example { method: self.method.to_uppercase(), target, body }
    }

    fn body_of(&self, content: &Value, random: &mut Random) -> Value {
        let examples = content["examples"].as_object();
        let examples: Vec<&Value> = examples
            .into_iter()
            .flat_map(Map::values)
            .map(|example| &resolved(self.document, example)["value"])
            .chain(content.get("example"))
            .collect();
        match random.one(&examples) {
            Some(example) if random.below(2) == 0 => (*example).clone(),
            _ => value(self.document, &content["schema"], random, DEPTH),
        }
    }
}

/// What a `$ref` leads to, within the document.
fn resolved<'d>(document: &'d Value, value: &'d Value) -> &'d Value {
    let pointer = value["$ref"].as_str().and_then(|pointer| pointer.strip_prefix('#'));
    pointer.and_then(|pointer| document.pointer(pointer)).unwrap_or(value)
}

/// A value that a schema allows, near enough.
fn value(document: &Value, schema: &Value, random: &mut Random, depth: usize) -> Value {
    let schema = resolved(document, schema);
    if depth == 0 {
        return Value::Null;
    }
    let mut inner = |schema: &Value| value(document, schema, random, depth - 1);
    if let Some(all) = schema["allOf"].as_array() {
        let mut whole = Map::new();
        for part in all {
            if let Value::Object(fields) = inner(part) {
                whole.extend(fields);
            }
        }
        return whole.into();
    }
    for choice in ["oneOf", "anyOf"] {
        if let Some(one) = schema[choice].as_array().and_then(|all| random.one(all)) {
            return value(document, one, random, depth - 1);
        }
    }
    for fixed in ["const", "example", "default"] {
        if let Some(fixed) = schema.get(fixed) {
            return fixed.clone();
        }
    }
    for list in ["enum", "examples"] {
        if let Some(one) = schema[list].as_array().and_then(|all| random.one(all)) {
            return one.clone();
        }
    }
    let kind = match &schema["type"] {
        Value::Array(kinds) => random.one(kinds).cloned().unwrap_or_default(),
        kind => kind.clone(),
    };
    match kind.as_str() {
        Some("object") => {
            let required = schema["required"].as_array();
            let is_required = |name: &str| {
                required.is_some_and(|names| names.iter().any(|required| required == name))
            };
            let mut object = Map::new();
            for (name, property) in schema["properties"].as_object().into_iter().flatten() {
                if is_required(name) || random.below(2) == 0 {
                    object.insert(name.clone(), value(document, property, random, depth - 1));
                }
            }
            object.into()
        }
        Some("array") => {
            let least = schema["minItems"].as_u64().unwrap_or(1).min(8);
            let item = |_| value(document, &schema["items"], random, depth - 1);
            (0..least.max(1)).map(item).collect()
        }
        Some("integer") => {
            let least = schema["minimum"].as_i64().unwrap_or(0);
            let most = schema["maximum"].as_i64().unwrap_or(least.saturating_add(100));
            let width = most.saturating_sub(least).max(0) as u64;
            json!(least.saturating_add(random.below(width.saturating_add(1).max(1)) as i64))
        }
        Some("number") => json!(schema["minimum"].as_f64().unwrap_or(0.0) + random.fraction()),
        Some("boolean") => json!(random.below(2) == 0),
        Some("string") => {
            let least = schema["minLength"].as_u64().unwrap_or(3).clamp(1, 64) as usize;
            "tea".chars().cycle().take(least.max(3)).collect::<String>().into()
        }
        _ => Value::Null,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_made_of_what_the_document_says() {
        let document = json!({
            "paths": {
                "/orders/{id}": {
                    "parameters": [{"name": "id", "in": "path", "schema": {"type": "integer", "minimum": 7, "maximum": 7}}],
                    "get": {"parameters": [{"name": "full", "in": "query", "required": true, "schema": {"enum": ["a b"]}}]}
                },
                "/rpc": {"post": {"requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Call"}}}}}}
            },
            "components": {"schemas": {
                "Call": {"type": "object", "required": ["jsonrpc", "params"], "properties": {
                    "jsonrpc": {"const": "2.0"}, "params": {"oneOf": [{"type": "array", "items": {"type": "boolean"}}]}
                }},
                "Loop": {"allOf": [{"$ref": "#/components/schemas/Loop"}]}
            }}
        });
        let operations = operations(&document);
        let mut random = Random::seeded(1);
        let get = operations[0].example(&mut random);
        assert_eq!((get.method.as_str(), get.target.as_str()), ("GET", "/orders/7?full=a%20b"));
        assert!(get.body.is_none());
        let body = operations[1].example(&mut random).body.unwrap();
        assert!(body["jsonrpc"] == "2.0" && body["params"][0].is_boolean(), "{body}");
        let endless = json!({"$ref": "#/components/schemas/Loop"});
        assert_eq!(value(&document, &endless, &mut random, DEPTH), json!({}));
    }
}
