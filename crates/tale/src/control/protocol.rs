//! What is asked and answered, each as one line of JSON.

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};
use chaos::document::MAX_FILE_BYTES;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use stage::{NamespacedName, Notification, SourceFile};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};

use super::status::Status;

/// Longest question, in bytes: a file of documents in which every byte is escaped,
/// and its name.
pub const LONGEST_REQUEST: usize = 2 * MAX_FILE_BYTES + 4096;
/// Longest answer, in bytes: the chaos of hundreds of pods is far below.
pub const LONGEST_ANSWER: usize = 16 << 20;

/// A question to a stage.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "ask", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Request {
    /// Who is there?
    Hello,
    /// How is everything?
    Status,
    /// End the stage.
    Down,
    /// What has Alertmanager sent?
    Inbox,
    /// Set variables of a Deployment, and wait until it is rolled out.
    SetEnv {
        /// Which one.
        deployment: NamespacedName,
        /// The variables.
        env: BTreeMap<String, String>,
    },
    /// Apply manifests. They travel as text, because the two ends may be in different folders.
    Apply {
        /// Which ones.
        files: Vec<SourceFile>,
    },
    /// All chaos objects and their events.
    Chaos,
    /// Inject what a file describes. It travels as text, because the two ends may be in different
    /// folders.
    ChaosApply(SourceFile),
    /// End an experiment, and wait until it has recovered.
    ChaosDelete {
        /// `name`, `kind/name` or `namespace/kind/name`.
        name: String,
    },
    /// Pause an experiment, or let it go on.
    ChaosPause {
        /// As in `ChaosDelete`.
        name: String,
        /// `false` lets it go on.
        pause: bool,
    },
}

/// What a stage answers.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "kebab-case")]
pub enum Answer {
    /// To `Hello`.
    Hello(Hello),
    /// To `Status`.
    Status(Box<Status>),
    /// To `Inbox`.
    Inbox {
        /// Oldest first.
        messages: Vec<Notification>,
    },
    /// To `Chaos`.
    Chaos(Box<chaos::snapshot::Snapshot>),
    /// It is done.
    Done {
        /// What was done, for people.
        text: String,
    },
    /// It is not done, or not all of it.
    Refused {
        /// What was done nevertheless, for people.
        text: String,
        /// Why, with the remedy.
        why: String,
    },
}

/// Who answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hello {
    /// `up`, or `play dns-leak`.
    pub name: String,
    /// The stage's process.
    pub pid: u32,
    /// Whether everything is up.
    pub ready: bool,
}

impl Answer {
    pub(super) fn refused(why: impl std::fmt::Display) -> Self {
        Self::Refused { text: String::new(), why: why.to_string() }
    }
}

/// Reads one line of at most `limit` bytes.
///
/// # Errors
/// No line, a longer one, or one that is something else.
pub async fn read<T: DeserializeOwned>(from: impl AsyncRead + Unpin, limit: usize) -> Result<T> {
    let mut line = Vec::new();
    let mut from = BufReader::new(from.take(limit as u64));
    from.read_until(b'\n', &mut line).await.context("cannot read from the control socket")?;
    ensure!(
        line.ends_with(b"\n"),
        "the control socket sent {}",
        if line.len() < limit {
            "only a part of a line; try again"
        } else {
            "a line that is too long; ask for less"
        }
    );
    serde_json::from_slice(&line)
        .context("the control socket speaks another version of tale; run `tale down` and `tale up`")
}

/// Writes one line.
///
/// # Errors
/// Whoever is at the other end has left.
pub async fn write(to: &mut (impl AsyncWrite + Unpin), message: &impl Serialize) -> Result<()> {
    let mut line = serde_json::to_vec(message).context("cannot write JSON")?;
    line.push(b'\n');
    to.write_all(&line).await.context("cannot write to the control socket")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_question_is_one_line_whatever_is_in_it() {
        let asked = Request::ChaosApply(SourceFile {
            name: "a b.yaml".to_owned(),
            text: "kind: x\n---\n\"y\"\n".to_owned(),
        });
        let mut line = Vec::new();
        write(&mut line, &asked).await.unwrap();
        assert_eq!(line.iter().filter(|byte| **byte == b'\n').count(), 1);
        let heard: Request = read(line.as_slice(), LONGEST_REQUEST).await.unwrap();
        assert_eq!(heard, asked);
    }

    #[tokio::test]
    async fn a_line_without_end_is_refused_at_its_limit() {
        let endless = tokio::io::repeat(b'x');
        let why = read::<Request>(endless, 1000).await.unwrap_err();
        assert!(why.to_string().contains("too long"), "{why}");
    }

    #[tokio::test]
    async fn half_a_line_and_a_foreign_question_are_refused() {
        let half = read::<Request>(&b"{\"ask\":"[..], 1000).await.unwrap_err();
        assert!(half.to_string().contains("a part of a line"), "{half}");
        let foreign = read::<Request>(&b"{\"ask\":\"dance\"}\n"[..], 1000).await;
        assert!(foreign.unwrap_err().to_string().contains("another version"));
    }
}
