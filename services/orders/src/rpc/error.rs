//! Errors as JSON-RPC knows them: a number for programs, a message for people.

use serde::Serialize;

/// An error object.
#[derive(Clone, Debug, Serialize)]
pub struct Error {
    /// Negative: those of the specification, or -32000 (busy) and -32001 (no such order).
    pub code: i32,
    /// What the code means.
    pub message: &'static str,
    /// What to change.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data: Option<String>,
}

#[allow(missing_docs, reason = "the messages say it")]
impl Error {
    pub const PARSE: Self = Self::new(-32700, "Parse error");
    pub const REQUEST: Self = Self::new(-32600, "Invalid Request");
    pub const METHOD: Self = Self::new(-32601, "Method not found");
    pub const PARAMS: Self = Self::new(-32602, "Invalid params");
    pub const INTERNAL: Self = Self::new(-32603, "Internal error");
    pub const BUSY: Self = Self::new(-32000, "Busy, try again later");
    pub const NO_ORDER: Self = Self::new(-32001, "No such order");

    const fn new(code: i32, message: &'static str) -> Self {
        Self { code, message, data: None }
    }

    /// The same, with a reason.
    pub fn because(self, why: impl ToString) -> Self {
        let data = Some(why.to_string().trim_end().to_owned());
        Self { data, ..self }
    }
}
