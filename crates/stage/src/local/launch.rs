//! From a container in a manifest to a running process: program, arguments, environment, log.

use std::fs::OpenOptions;
use std::time::Instant;

use super::pod::{Key, Pod};
use super::process::Launch;
use super::template::{self, Identity, Maps};
use super::world::World;
use crate::StageError;

/// Open files of one pod, as far as the hard limit allows: the tale of unclosed connections needs
/// many.
const POD_FILES: u64 = 65_536;
/// When memory runs out, a pod goes before the stage, and what stresses it before the pod.
pub(crate) const POD_OOM_SCORE: u16 = 500;
/// When CPU time runs out, those who watch are served before the pods and what stresses them: an
/// overload has to be seen, and a laptop to stay usable. All pods have the same, so it decides
/// nothing among them.
pub(crate) const POD_NICE: u8 = 5;

impl World {
    pub(crate) async fn start_container(
        &mut self,
        key: &Key,
        index: usize,
    ) -> Result<(), StageError> {
        let launch = self.launch(&self.pods[key], index)?;
        let program = launch.program.display().to_string();
        let process =
            self.spawner.spawn(launch).await.map_err(StageError::io(format!("start {program}")))?;
        if let Some(pod) = self.pods.get_mut(key) {
            self.events.normal(
                "Started",
                pod.object(),
                format!("{program} is process {}", process.pid()),
            );
            pod.containers[index].start(
                process,
                &pod.spec.containers[index],
                self.config.clock,
                Instant::now(),
            );
        }
        Ok(())
    }

    fn launch(&self, pod: &Pod, index: usize) -> Result<Launch, StageError> {
        let spec = &pod.spec.containers[index];
        let identity = Identity {
            name: &pod.name,
            namespace: &pod.namespace,
            uid: &pod.uid,
            ip: pod.ip,
            labels: &pod.labels,
            annotations: &pod.annotations,
        };
        let prefix = format!("{}/", pod.namespace);
        let maps: Maps<'_> = self
            .config_maps
            .iter()
            .filter_map(|(k, v)| Some((k.strip_prefix(&prefix)?, v)))
            .collect();
        let refused = |what: String| {
            StageError::io(what)(std::io::Error::other("changed since it was applied"))
        };
        let env = template::environment(spec, &identity, &maps);
        let env = env.map_err(|(name, reason)| refused(format!("set {name}: {reason}")))?;
        let program =
            spec.command.first().and_then(|c| template::program(c, &self.config.program_dirs));
        let program =
            program.ok_or_else(|| refused(format!("find the program {:?}", spec.command)))?;
        let words = spec.command.iter().skip(1).chain(&spec.args);
        let args = words.map(|word| template::expand(word, &env).into()).collect();
        let passed = self
            .config
            .pass_env
            .iter()
            .filter_map(|name| Some((name.clone(), std::env::var(name).ok()?)));
        let own = [
            ("PATH".into(), "/usr/local/bin:/usr/bin:/bin".into()),
            ("HOME".into(), pod.dir.display().to_string()),
        ];
        let injected = [
            ("ROCKET_ADDRESS".into(), pod.ip.to_string()),
            ("RESOLV_CONF".into(), pod.dir.join("resolv.conf").display().to_string()),
            ("RESOLV_PORT".into(), self.dns.port.to_string()),
        ];
        let log = &pod.containers[index].log;
        if log.exists() {
            let _ = std::fs::rename(log, log.with_extension("previous.log"));
        }
        let log = OpenOptions::new().create(true).append(true).open(log);
        Ok(Launch {
            program,
            args,
            env: own.into_iter().chain(passed).chain(env).chain(injected).collect(),
            dir: pod.dir.clone(),
            log: log.map_err(StageError::io("open a pod's log"))?,
            files: POD_FILES,
            oom_score: POD_OOM_SCORE,
            nice: POD_NICE,
        })
    }
}
