//! A runner of jobs: what GitLab's and GitHub's do with a file, as far as the files of `ci/` use
//! it.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;
use testkit::program::was_starved;
use testkit::project::root;

use crate::TALE;

/// What every job finds, whoever runs it.
const GIVEN: [(&str, &str); 9] = [
    ("TALES_STAGE", "registry.example.com/tales-stage:1"),
    ("KUBE_CONTEXT", "group/agents:tales"),
    ("CI_PIPELINE_ID", "7"),
    ("CI_COMMIT_SHA", "abcdef"),
    ("CI_REGISTRY", "registry.example.com"),
    ("CI_REGISTRY_IMAGE", "registry.example.com/me/app"),
    ("CI_REGISTRY_USER", "me"),
    ("CI_REGISTRY_PASSWORD", "hush"),
    ("TALES_OFFLINE", "1"),
];

/// What GitHub puts in place of its expressions.
const EXPRESSIONS: [(&str, &str); 9] = [
    ("vars.TALES_STAGE", "registry.example.com/tales-stage:1"),
    ("vars.TALES_IMAGE", "registry.example.com/tales:1"),
    ("secrets.KUBECONFIG", "kind: Config"),
    ("secrets.PROMETHEUS_TOKEN", ""),
    ("github.run_id", "7"),
    ("github.token", "hush"),
    ("github.actor", "me"),
    ("github.repository", "me/app"),
    ("github.sha", "abcdef"),
];

/// A job: scripts, which are taken one after the other.
pub(super) struct Job {
    pub(super) name: String,
    /// Each with the variables that it gets besides, and whether it comes in any case.
    scripts: Vec<(BTreeMap<String, String>, String, bool)>,
    /// Files and folders that it hands on.
    pub(super) published: Vec<String>,
}

/// The jobs of a file for GitLab.
pub(super) fn gitlab(file: &str) -> Vec<Job> {
    let pipeline: Value = parsed(file);
    let jobs = pipeline.as_object().unwrap().iter().filter(|(_, job)| job.get("script").is_some());
    let mut jobs: Vec<Job> = jobs
        .map(|(name, job)| {
            let lines = |part: &str| texts(&job[part]).join("\n");
            let variables = variables(&job["variables"]);
            let mut scripts = vec![(variables.clone(), lines("script"), false)];
            if job.get("after_script").is_some() {
                scripts.push((variables, lines("after_script"), true));
            }
            let artifacts = &job["artifacts"];
            let mut published = texts(&artifacts["paths"]);
            let reports = artifacts["reports"].as_object().into_iter().flatten();
            published.extend(reports.map(|(_, path)| path.as_str().unwrap().to_owned()));
            Job { name: name.clone(), scripts, published }
        })
        .collect();
    // What needs another one comes after it.
    jobs.sort_by_key(|job| pipeline[&job.name].get("needs").is_some());
    jobs
}

/// The jobs of a file for GitHub.
pub(super) fn github(file: &str) -> Vec<Job> {
    let workflow: Value = parsed(file);
    let jobs = workflow["jobs"].as_object().unwrap().iter();
    jobs.map(|(name, job)| {
        let mut scripts = Vec::new();
        let mut published = Vec::new();
        for step in job["steps"].as_array().unwrap() {
            let mut env = variables(&job["env"]);
            env.extend(variables(&step["env"]));
            if let Some(run) = step["run"].as_str() {
                scripts.push((env, expressed(run), step.get("if").is_some()));
            }
            if step["uses"].as_str().is_some_and(|uses| uses.starts_with("actions/upload-artifact"))
            {
                let paths = step["with"]["path"].as_str().unwrap().lines();
                published.extend(paths.map(str::to_owned));
            }
        }
        Job { name: name.clone(), scripts, published }
    })
    .collect()
}

fn parsed(file: &str) -> Value {
    serde_saphyr::from_str(&fs::read_to_string(root().join(file)).unwrap()).unwrap()
}

fn texts(list: &Value) -> Vec<String> {
    let list = list.as_array().into_iter().flatten();
    list.map(|text| text.as_str().unwrap().to_owned()).collect()
}

fn variables(map: &Value) -> BTreeMap<String, String> {
    let map = map.as_object().into_iter().flatten();
    map.map(|(name, value)| (name.clone(), expressed(value.as_str().unwrap()))).collect()
}

fn expressed(text: &str) -> String {
    let mut text = text.to_owned();
    for (expression, value) in EXPRESSIONS {
        text = text.replace(&format!("${{{{ {expression} }}}}"), value);
    }
    assert!(!text.contains("${{"), "the runner of this test does not know {text}");
    text
}

/// Where jobs run: a checkout, and the programs of the image that they name.
pub(super) struct Runner(TempDir);

impl Runner {
    pub(super) fn new() -> Self {
        let runner = Self(tempfile::tempdir().unwrap());
        fs::create_dir_all(runner.path("ci")).unwrap();
        fs::create_dir_all(runner.path("programs")).unwrap();
        fs::copy(root().join("ci/note"), runner.path("ci/note")).unwrap();
        // The pods' programs, of which an image is made.
        fs::copy("/bin/true", runner.path("programs/all-services")).unwrap();
        let tools = [
            ("tale", TALE_ITSELF),
            ("docker", DOCKER),
            ("kind", KIND),
            ("curl", CURL),
            ("helm", SAYS),
            ("kubectl", SAYS),
            ("apk", SAYS),
            ("apt-get", SAYS),
            ("sudo", SAYS),
            ("buildah", LOGS_IN),
            ("skopeo", LOGS_IN),
        ];
        for (tool, text) in tools {
            runner.tool(tool, text);
        }
        runner
    }

    /// `tale` only says how it was called, and leaves a report; images it still builds.
    pub(super) fn without_cluster(self) -> Self {
        self.tool("tale", TALE_WITHOUT_CLUSTER);
        self
    }

    fn tool(&self, name: &str, text: &str) {
        let path = self.path("stand-ins").join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, format!("#!/usr/bin/env bash\nset -eu\n{LOG}{text}")).unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    pub(super) fn path(&self, file: &str) -> PathBuf {
        self.0.path().join(file)
    }

    pub(super) fn write(&self, file: &str, text: &str) {
        fs::write(self.path(file), text).unwrap();
    }

    pub(super) fn read(&self, file: &str) -> String {
        fs::read_to_string(self.path(file)).unwrap_or_else(|why| panic!("{file}: {why}"))
    }

    /// How the tools were called.
    pub(super) fn log(&self) -> Vec<String> {
        self.read("log").lines().map(str::to_owned).collect()
    }

    /// Takes the steps of a job; what comes in any case also after one that failed. The variables
    /// stand for those of the project, and are stronger than the file's.
    pub(super) fn run(&self, job: &Job, project: &[(&str, &str)]) -> (Option<i32>, String) {
        let (mut code, mut all) = (Some(0), String::new());
        for (variables, script, always) in &job.scripts {
            if code != Some(0) && !always {
                continue;
            }
            let exports = variables.iter().map(|(name, value)| (name.as_str(), value.as_str()));
            // What a variable names of another is put in its place.
            let exports: String =
                exports.map(|(name, value)| format!("export {name}=\"{value}\"\n")).collect();
            let project: String = project
                .iter()
                .map(|(name, value)| format!("export {name}=\"{value}\"\n"))
                .collect();
            let script = format!("{exports}{project}{script}");
            let (mut ended, mut said) = self.line(&script);
            for _ in 0..2 {
                if was_starved(ended, &said) {
                    (ended, said) = self.line(&script);
                }
            }
            all.push_str(&said);
            code = if code == Some(0) { ended } else { code };
        }
        (code, all)
    }

    /// Runs a script as runners do; its exit code, and what it said.
    pub(super) fn line(&self, script: &str) -> (Option<i32>, String) {
        let path = std::env::var("PATH").unwrap();
        let mut bash = Command::new("bash");
        bash.args(["-eo", "pipefail", "-c", script]).current_dir(self.0.path());
        for other in
            ["CI_MERGE_REQUEST_IID", "GITHUB_REPOSITORY", "GITHUB_REF", "TALES_HOME", "KUBECONFIG"]
        {
            bash.env_remove(other);
        }
        bash.env("PATH", format!("{}:{path}", self.path("stand-ins").display()));
        bash.envs(GIVEN).env("CI_PROJECT_DIR", self.0.path()).env("TALE_PROGRAM", TALE);
        bash.env("RUNNER", self.0.path()).env("GITHUB_STEP_SUMMARY", self.path("summary.md"));
        let output = bash.output().unwrap();
        let said =
            [output.stdout, output.stderr].map(|it| String::from_utf8_lossy(&it).into_owned());
        (output.status.code(), said.concat())
    }
}

/// Every stand-in says how it was called.
const LOG: &str = "echo \"$(basename \"$0\") $*\" >>\"$RUNNER/log\"\n";

/// What has nothing to say, and reads what it is given.
const SAYS: &str = "[ -t 0 ] || [ \"${*: -1}\" != - ] || cat >/dev/null\n";

const TALE_ITSELF: &str = r#"
more=()
[ "$1" != images ] || more=(--programs "$RUNNER/programs")
exec "$TALE_PROGRAM" "$@" "${more[@]}"
"#;

const TALE_WITHOUT_CLUSTER: &str = r#"
case $1 in
    images) exec "$TALE_PROGRAM" "$@" --programs "$RUNNER/programs" ;;
    play)
        while [ "$1" != --out ]; do shift; done
        mkdir -p "$2"
        echo '<testsuites/>' >"$2/junit.xml"
        echo '<!-- tale: dns-leak -->' >"$2/report.md"
        ;;
esac
"#;

/// What docker does with what a job asks for: runs the image's entry point in the folder and with
/// the files that the job names. Beyond that it runs kubectl in a node.
const DOCKER: &str = r#"
case $1 in
    exec)
        while [ "$1" != kubectl ]; do shift; done
        exec "$@"
        ;;
    run) shift ;;
    *) exit 0 ;;
esac
from=() to=()
while [ "$1" != "$TALES_STAGE" ]; do
    case $1 in
        --volume) IFS=: read -r here there _ <<<"$2"; from+=("$there") to+=("$here"); shift 2 ;;
        --workdir) there=$2; shift 2 ;;
        --env) [ "${2%%=*}" = "$2" ] || export "${2?}"; shift 2 ;;
        --user | --network) shift 2 ;;
        --rm) shift ;;
        *) echo "docker: unknown flag: $1" >&2; exit 125 ;;
    esac
done
shift
for at in "${!from[@]}"; do
    [ -d "${to[$at]}" ] || { echo "docker: ${to[$at]} is no folder" >&2; exit 125; }
    [ "${from[$at]}" != /work ] || cd "${to[$at]}"
    args=()
    for arg in "$@"; do args+=("${arg/#"${from[$at]}"/"${to[$at]}"}"); done
    set -- "${args[@]}"
    KUBECONFIG=${KUBECONFIG:+${KUBECONFIG/#"${from[$at]}"/"${to[$at]}"}}
done
[ -z "${KUBECONFIG:-}" ] || [ -s "$KUBECONFIG" ] || { echo "there is no $KUBECONFIG" >&2; exit 1; }
exec tale "$@"
"#;

const KIND: &str = r#"
case "$1 $2" in
    'create cluster')
        [ "${*: -1}" != - ] || grep -q 'kind: Cluster'
        [ -z "${KUBECONFIG:-}" ] || echo 'server: https://0.0.0.0:6443' >"$KUBECONFIG"
        ;;
    'get kubeconfig') echo 'server: https://0.0.0.0:6443' ;;
    'load image-archive') tar tf "${*: -1}" | grep -q index.json ;;
    'delete cluster') ;;
    *) echo "kind: unknown command $*" >&2; exit 1 ;;
esac
"#;

const CURL: &str = r#"
case "$*" in
    *kind-linux*) cp "$RUNNER/stand-ins/kind" "$2" ;;
    *helm*) mkdir -p linux-amd64 && cp "$RUNNER/stand-ins/helm" linux-amd64/ && tar cz linux-amd64/helm ;;
    *) echo 'kind: List' ;;
esac
"#;

/// A registry's client, which reads the password and looks at the archive.
const LOGS_IN: &str = r#"
case "$1" in
    login) [ "$(cat)" != hush ] || echo "$(basename "$0") got the password" >>"$RUNNER/log" ;;
    copy) tar tf "${2#oci-archive:}" | grep -q index.json ;;
esac
"#;
