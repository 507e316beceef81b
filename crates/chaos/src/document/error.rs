//! Why a file cannot be used.

use thiserror::Error;

use crate::fields::problem::Problem;

/// A file that cannot be used. The message names file, document (from 1), field and remedy.
#[derive(Debug, Error)]
pub enum DocumentError {
    /// Bigger than any experiment file.
    #[error("{file}: {bytes} bytes are more than the {limit} allowed; split the file")]
    TooLarge {
        /// The file's name.
        file: String,
        /// Its size.
        bytes: usize,
        /// The largest size read.
        limit: usize,
    },
    /// Not YAML at all.
    #[error("{file}: this is not valid YAML: {message}")]
    Yaml {
        /// The file's name.
        file: String,
        /// What the YAML parser says, with line and column.
        message: String,
    },
    /// No document in the file.
    #[error("{file}: the file holds no document; start with `apiVersion: chaos-mesh.org/v1alpha1`")]
    Empty {
        /// The file's name.
        file: String,
    },
    /// One document breaks the rules of its kind.
    #[error("{}", invalid(.file, *.number, .problems))]
    Invalid {
        /// The file's name.
        file: String,
        /// Which document of the file, from 1.
        number: usize,
        /// Everything that is wrong with it.
        problems: Vec<Problem>,
    },
}

fn invalid(file: &str, number: usize, problems: &[Problem]) -> String {
    let lines: Vec<String> =
        problems.iter().map(|problem| format!("{file}: document {number}: {problem}")).collect();
    lines.join("\n")
}
