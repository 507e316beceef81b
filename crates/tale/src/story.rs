//! `tale.yaml`: a story as acts, each with what happens and what is promised.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use anyhow::{Context, Result, ensure};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::promises::{Length, Promise};

/// A tale. Paths are relative to the project's folder.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Tale {
    /// The name of its folder.
    pub name: String,
    /// What the room reads first.
    pub title: String,
    /// Whose story it is: SRE, Dev, Ops or DevOps.
    pub teller: String,
    /// Kubernetes manifests: files or folders.
    pub manifests: Vec<PathBuf>,
    /// OpenSLO files.
    #[serde(default)]
    pub slos: Vec<PathBuf>,
    /// What the report draws.
    #[serde(default)]
    pub charts: Vec<Chart>,
    /// What happens, in order.
    pub acts: Vec<Act>,
}

/// A chart of the report.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Chart {
    /// What it shows.
    pub title: String,
    /// What is counted.
    pub unit: Unit,
    /// PromQL, one line per series.
    pub query: String,
    /// The label that tells the series apart.
    #[serde(default)]
    pub label: Option<String>,
    /// A line that should not be crossed.
    #[serde(default)]
    pub threshold: Option<Threshold>,
}

/// What a chart counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the names say it")]
pub enum Unit {
    Bytes,
    Seconds,
    PerSecond,
    Ratio,
    Count,
}

/// A line in a chart, evaluated when the first act is over.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Threshold {
    /// PromQL with one value.
    pub query: String,
    /// What the line means.
    pub text: String,
}

/// An act: first what happens, then `hold`, then the promises.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Act {
    /// Its name.
    pub act: String,
    /// A Chaos Mesh document to apply.
    #[serde(default)]
    pub chaos: Option<PathBuf>,
    /// A Chaos Mesh document to delete.
    #[serde(default)]
    pub calm: Option<PathBuf>,
    /// A change to what runs.
    #[serde(default)]
    pub run: Option<Run>,
    /// How long to watch before the first promise, e.g. `15s`.
    #[serde(default)]
    pub hold: Option<Length>,
    /// What has to be true, in order. `within` counts from the moment the act has happened and was
    /// held.
    pub promises: Vec<Promise>,
}

/// A change to what runs, as a roll-out.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Run {
    /// `kubectl set env`.
    pub set: SetEnv,
}

/// Variables of Deployments.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SetEnv {
    /// One Deployment or several.
    pub deployment: OneOrMany,
    /// Their namespace.
    #[serde(default = "default_namespace")]
    pub namespace: String,
    /// The variables.
    pub env: BTreeMap<String, String>,
}

fn default_namespace() -> String {
    "default".to_owned()
}

/// A name or a list of names.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(untagged)]
#[allow(missing_docs, reason = "the names say it")]
pub enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

impl OneOrMany {
    /// All names.
    pub fn names(&self) -> Vec<&str> {
        match self {
            OneOrMany::One(name) => vec![name],
            OneOrMany::Many(names) => names.iter().map(String::as_str).collect(),
        }
    }
}

impl Tale {
    /// Reads `tales/<name>/tale.yaml` below `root` and checks it.
    ///
    /// # Errors
    /// Names the file, the field, and what to write instead.
    pub fn load(root: &Path, name: &str) -> Result<Self> {
        // Paths are made of it: of the tale's folder, of its stage and of its report.
        ensure!(
            stage::names::is_label(name),
            "`{}` is not the name of a tale; `tale list` shows the tales",
            name.chars().take(80).collect::<String>().escape_debug()
        );
        let file = root.join("tales").join(name).join("tale.yaml");
        ensure!(file.exists(), "there is no tale `{name}`; `tale list` shows the tales");
        let text = std::fs::read_to_string(&file)
            .with_context(|| format!("cannot read {}", file.display()))?;
        let shown = format!("tales/{name}/tale.yaml");
        let tale = Self::parse(&shown, &text)?;
        ensure!(
            tale.name == name,
            "{shown}: name: `{}` is not its folder's name; write `{name}`",
            tale.name
        );
        for (field, path) in tale.files() {
            let within = path.components().all(|part| matches!(part, Component::Normal(_)));
            ensure!(
                within,
                "{shown}: {field}: {} leads out of the project; write a path in it",
                path.display()
            );
            ensure!(
                root.join(path).exists(),
                "{shown}: {field}: {} does not exist; correct the path",
                path.display()
            );
        }
        Ok(tale)
    }

    /// Parses and checks the text of a tale; `shown` is only for messages.
    ///
    /// # Errors
    /// Names the field and what to write instead.
    pub fn parse(shown: &str, text: &str) -> Result<Self> {
        let value: serde_json::Value =
            serde_saphyr::from_str(text).map_err(|why| anyhow::anyhow!("{shown}: {why}"))?;
        let tale: Tale = serde_path_to_error::deserialize(value).map_err(|why| {
            anyhow::anyhow!("{shown}: {}: {}; see tales/tale.schema.json", why.path(), why.inner())
        })?;
        ensure!(
            !tale.acts.is_empty(),
            "{shown}: acts: a tale without acts promises nothing; add one"
        );
        for (a, act) in tale.acts.iter().enumerate() {
            ensure!(
                !act.promises.is_empty(),
                "{shown}: acts[{a}].promises: an act without promises proves nothing; add one"
            );
        }
        Ok(tale)
    }

    /// Every file and folder that it names, with the field that does.
    fn files(&self) -> impl Iterator<Item = (String, &Path)> {
        numbered("manifests", &self.manifests)
            .chain(numbered("slos", &self.slos))
            .chain(self.experiments())
    }

    /// Every file of chaos that an act applies or deletes, with the field that names it.
    pub fn experiments(&self) -> impl Iterator<Item = (String, &Path)> {
        self.acts.iter().enumerate().flat_map(|(index, act)| {
            let chaos = act.chaos.iter().map(|path| ("chaos", path));
            let calm = act.calm.iter().map(|path| ("calm", path));
            chaos
                .chain(calm)
                .map(move |(field, path)| (format!("acts[{index}].{field}"), path.as_path()))
        })
    }

    /// Every PromQL query in it, with its field.
    pub fn queries(&self) -> impl Iterator<Item = (String, &str)> {
        let acts = self.acts.iter().enumerate();
        let promises = acts.flat_map(|(a, act)| {
            let promises = act.promises.iter().enumerate();
            promises.filter_map(move |(p, promise)| {
                let (key, query) = promise.query()?;
                Some((format!("acts[{a}].promises[{p}].{key}"), query))
            })
        });
        let charts = self.charts.iter().enumerate().flat_map(|(c, chart)| {
            let query = (format!("charts[{c}].query"), chart.query.as_str());
            let threshold = chart.threshold.iter().map(move |threshold| {
                let field = format!("charts[{c}].threshold.query");
                (field, threshold.query.as_str())
            });
            std::iter::once(query).chain(threshold)
        });
        promises.chain(charts)
    }
}

/// The paths of a list, each with its place.
fn numbered<'p>(
    field: &'static str,
    paths: &'p [PathBuf],
) -> impl Iterator<Item = (String, &'p Path)> {
    let paths = paths.iter().enumerate();
    paths.map(move |(index, path)| (format!("{field}[{index}]"), path.as_path()))
}
