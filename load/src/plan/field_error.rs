//! A field of a profile with a value that makes no sense.

/// Which field, what is wrong, and what to write instead.
pub(crate) struct FieldError {
    /// As in `phases[0].constant.rate`.
    pub(crate) field: String,
    pub(crate) problem: String,
    pub(crate) remedy: &'static str,
}

impl FieldError {
    pub(crate) fn new(field: &str, problem: impl ToString, remedy: &'static str) -> Self {
        Self { field: field.to_owned(), problem: problem.to_string(), remedy }
    }
}
