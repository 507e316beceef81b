//! A JSON text as a tree that may hold what JSON does not allow: numbers that do not fit anywhere,
//! names that occur twice, text that is no value at all.

use serde_json::Value;

/// A part of a JSON text.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Node {
    /// A scalar as it is written, or what stands in its place.
    Text(Vec<u8>),
    List(Vec<Node>),
    /// Names as they are, not as they are written.
    Map(Vec<(String, Node)>),
}

impl From<&Value> for Node {
    fn from(value: &Value) -> Self {
        match value {
            Value::Array(items) => Self::List(items.iter().map(Self::from).collect()),
            Value::Object(map) => {
                Self::Map(map.iter().map(|(name, value)| (name.clone(), value.into())).collect())
            }
            scalar => Self::text(scalar.to_string()),
        }
    }
}

impl Node {
    pub(crate) fn text(text: impl Into<Vec<u8>>) -> Self {
        Self::Text(text.into())
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        self.write(&mut bytes);
        bytes
    }

    fn write(&self, to: &mut Vec<u8>) {
        match self {
            Self::Text(text) => to.extend_from_slice(text),
            Self::List(items) => {
                to.push(b'[');
                for (index, item) in items.iter().enumerate() {
                    to.extend_from_slice(if index > 0 { b"," } else { b"" });
                    item.write(to);
                }
                to.push(b']');
            }
            Self::Map(fields) => {
                to.push(b'{');
                for (index, (name, value)) in fields.iter().enumerate() {
                    to.extend_from_slice(if index > 0 { b"," } else { b"" });
                    to.extend_from_slice(Value::from(name.as_str()).to_string().as_bytes());
                    to.push(b':');
                    value.write(to);
                }
                to.push(b'}');
            }
        }
    }

    /// How many nodes there are, itself included.
    pub(crate) fn count(&self) -> usize {
        1 + match self {
            Self::Text(_) => 0,
            Self::List(items) => items.iter().map(Self::count).sum(),
            Self::Map(fields) => fields.iter().map(|(_, value)| value.count()).sum(),
        }
    }

    /// Node number `number`, each before its children.
    pub(crate) fn nth(&mut self, number: usize) -> Option<&mut Node> {
        fn walk<'n>(node: &'n mut Node, left: &mut usize) -> Option<&'n mut Node> {
            if *left == 0 {
                return Some(node);
            }
            *left -= 1;
            match node {
                Node::Text(_) => None,
                Node::List(items) => items.iter_mut().find_map(|item| walk(item, left)),
                Node::Map(fields) => fields.iter_mut().find_map(|(_, value)| walk(value, left)),
            }
        }
        let mut left = number;
        walk(self, &mut left)
    }

    /// The value of a field, where this is an object that has it.
    pub(crate) fn field(&self, name: &str) -> Option<&Node> {
        match self {
            Self::Map(fields) => {
                fields.iter().find(|(known, _)| known == name).map(|(_, value)| value)
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_comes_back_as_it_was() {
        let text = r#"{"a":[1,2.5,null,"x\"y"],"b":{"c":true}}"#;
        let mut node = Node::from(&serde_json::from_str::<Value>(text).unwrap());
        assert_eq!(String::from_utf8(node.bytes()).unwrap(), text);
        assert_eq!(node.count(), 8);
        *node.nth(3).unwrap() = Node::text("1e999");
        assert!(String::from_utf8(node.bytes()).unwrap().starts_with(r#"{"a":[1,1e999,null"#));
        assert_eq!(node.nth(7), Some(&mut Node::text("true")));
        assert_eq!(node.nth(8), None);
        assert!(node.field("b").is_some() && node.field("c").is_none());
    }
}
