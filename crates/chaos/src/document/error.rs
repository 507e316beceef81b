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
    /// A template, of Helm most likely, that nobody has filled in.
    #[error(
        "{file}: line {line} is a template, `{shown}`, and no YAML yet; fill it in first, for example with `helm template`, and give the result as a file or on standard input (`-`)"
    )]
    Template {
        /// The file's name.
        file: String,
        /// Where, from 1.
        line: usize,
        /// The beginning of that line.
        shown: String,
    },
    /// Objects, but none of Chaos Mesh.
    #[error(
        "{file}: nothing of Chaos Mesh is in the file, only {}; give a file with a document of `chaos-mesh.org/v1alpha1`",
        .skipped.join(", ")
    )]
    OthersOnly {
        /// The file's name.
        file: String,
        /// What there is, as `Kind/name`.
        skipped: Vec<String>,
    },
    /// Documents break the rules of their kinds.
    #[error("{}", invalid(.file, .refused))]
    Invalid {
        /// The file's name.
        file: String,
        /// All of them.
        refused: Vec<Refused>,
    },
}

/// A document that cannot be used.
#[derive(Clone, Debug)]
pub struct Refused {
    /// Which document of the file, from 1.
    pub number: usize,
    /// Everything that is wrong with it.
    pub problems: Vec<Problem>,
}

fn invalid(file: &str, refused: &[Refused]) -> String {
    let line = |number: usize, problem: &Problem| format!("{file}: document {number}: {problem}");
    let lines: Vec<String> = refused
        .iter()
        .flat_map(|Refused { number, problems }| {
            problems.iter().map(move |problem| line(*number, problem))
        })
        .collect();
    lines.join("\n")
}
