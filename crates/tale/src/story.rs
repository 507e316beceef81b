//! `tale.yaml`: a story as acts, each with what happens and what is promised.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use schemars::JsonSchema;
use serde::Deserialize;
use stage::SourceFile;

use crate::nearest::or_nearest;
use crate::promises::{Length, Promise};
use crate::report::Unit;

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
    /// Manifests to apply, in place of objects of the same names: files or folders.
    #[serde(default)]
    pub apply: Vec<PathBuf>,
    /// What `apply` begins: a fault that Chaos Mesh has no kind for, such as a neighbour, which
    /// `--without-chaos` leaves out.
    #[serde(default)]
    pub begins: Option<String>,
    /// A change to what runs.
    #[serde(default)]
    pub run: Option<Run>,
    /// A Deployment whose heap is drawn in the report, as it is when the act is over.
    #[serde(default)]
    pub profile: Option<String>,
    /// How long to watch before the first promise, e.g. `15s`.
    #[serde(default)]
    pub hold: Option<Length>,
    /// What has to be true, in order. `within` counts from the moment the act has happened and was
    /// held.
    pub promises: Vec<Promise>,
}

/// A change to what runs: a roll-out, or what an operator's script does.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Run {
    /// `kubectl set env`.
    #[serde(default)]
    pub set: Option<SetEnv>,
    /// A script, as an operator runs one.
    #[serde(default)]
    pub script: Option<Script>,
    /// A roll-out that asks the gate first, as `tale rollout --gate` does.
    #[serde(default)]
    pub rollout: Option<Rollout>,
}

/// A release: applied, and waited for, if the gate passes; if not, nothing is changed.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rollout {
    /// Manifests: files or folders.
    pub release: Vec<PathBuf>,
}

/// A script for `sh`, on this machine: it reaches pods by their admin ports, on either stage.
/// Variables of `--set` are its own, too.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Script {
    /// The script.
    pub file: PathBuf,
    /// Variables for it, each with the Deployment whose pods it is to reach: their URLs, with
    /// spaces.
    pub at: BTreeMap<String, String>,
    /// The Deployments' namespace.
    #[serde(default = "default_namespace")]
    pub namespace: String,
    /// What it begins: a fault that Chaos Mesh has no kind for, which `--without-chaos` leaves out.
    #[serde(default)]
    pub begins: Option<String>,
    /// What it ends.
    #[serde(default)]
    pub ends: Option<String>,
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
        let known = names(root)?;
        // Only what is listed: a name with a path in it leads nowhere.
        if !known.iter().any(|tale| tale == name) {
            let known: Vec<&str> = known.iter().map(String::as_str).collect();
            let shown: String = name.chars().take(80).collect();
            bail!("there is no tale `{}`; {}", shown.escape_debug(), or_nearest(&shown, &known));
        }
        let file = root.join("tales").join(name).join("tale.yaml");
        let text: String = SourceFile::load(&[file])?.into_iter().map(|file| file.text).collect();
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

    /// Every promise, in the order of the story.
    pub fn promises(&self) -> impl Iterator<Item = &Promise> {
        self.acts.iter().flat_map(|act| &act.promises)
    }

    /// Every file and folder that it names, with the field that does.
    fn files(&self) -> impl Iterator<Item = (String, &Path)> {
        let acts = self.acts.iter().enumerate();
        let scripts = acts.filter_map(|(index, act)| {
            let script = act.run.as_ref()?.script.as_ref()?;
            Some((format!("acts[{index}].run.script.file"), script.file.as_path()))
        });
        numbered("manifests", &self.manifests)
            .chain(numbered("slos", &self.slos))
            .chain(self.experiments())
            .chain(self.applied())
            .chain(scripts)
    }

    /// Every file and folder that an act applies, with its field.
    pub fn applied(&self) -> impl Iterator<Item = (String, &Path)> {
        self.acts.iter().enumerate().flat_map(|(a, act)| {
            let rollout = act.run.as_ref().and_then(|run| run.rollout.as_ref());
            let release = rollout.map_or(&[][..], |rollout| &rollout.release);
            let of = move |field: &str, list: &'_ [PathBuf]| {
                let name = |i| format!("acts[{a}].{field}[{i}]");
                (0..list.len()).map(name).collect::<Vec<_>>()
            };
            let names = [of("apply", &act.apply), of("run.rollout.release", release)].concat();
            names.into_iter().zip(act.apply.iter().chain(release).map(PathBuf::as_path))
        })
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

/// The names of all tales below `root`, sorted.
///
/// # Errors
/// Their folder cannot be read.
pub fn names(root: &Path) -> Result<Vec<String>> {
    let folder = root.join("tales");
    let entries =
        std::fs::read_dir(&folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let mut names: Vec<String> = entries
        .flatten()
        .filter(|entry| entry.path().join("tale.yaml").exists())
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    Ok(names)
}

/// The paths of a list, each with its place.
fn numbered<'p>(
    field: &'static str,
    paths: &'p [PathBuf],
) -> impl Iterator<Item = (String, &'p Path)> {
    let paths = paths.iter().enumerate();
    paths.map(move |(index, path)| (format!("{field}[{index}]"), path.as_path()))
}
