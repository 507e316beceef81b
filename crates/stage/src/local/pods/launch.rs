//! From a container in a manifest to a running process: program, arguments, environment, log.

use std::time::Instant;

use super::environment::{self, Identity, Maps};
use super::{Pod, Pods, logs};
use crate::local::process::Launch;
use crate::{NamespacedName, StageError};

/// Open files of one pod, as far as the hard limit allows: the tale of unclosed connections needs
/// many.
const POD_FILES: u64 = 65_536;
/// When memory runs out, a pod goes before the stage, and what stresses it before the pod.
pub(crate) const POD_OOM_SCORE: u16 = 500;
/// When CPU time runs out, Prometheus and the stage are served before the pods and what stresses
/// them: an overload has to be seen, and a laptop to stay usable. All pods have the same, so it
/// decides nothing among them.
pub(crate) const POD_NICE: u8 = 5;

impl Pods {
    pub(super) async fn start_container(
        &mut self,
        name: &NamespacedName,
        index: usize,
    ) -> Result<(), StageError> {
        let launch = self.launch(&self.pods[name], index)?;
        let program = launch.program.display().to_string();
        let process = self.spawner.spawn(launch).await;
        let process = process.map_err(StageError::io(format!("start {program}")))?;
        if let Some(pod) = self.pods.get_mut(name) {
            let text = format!("{program} is process {}", process.pid());
            self.events.normal("Started", pod.object(), text);
            let spec = &pod.spec.containers[index];
            pod.containers[index].start(process, spec, self.clock, Instant::now());
        }
        Ok(())
    }

    fn launch(&self, pod: &Pod, index: usize) -> Result<Launch, StageError> {
        let spec = &pod.spec.containers[index];
        let identity = Identity {
            name: &pod.name.name,
            namespace: &pod.name.namespace,
            uid: &pod.uid,
            ip: pod.ip,
            labels: &pod.labels,
            annotations: &pod.annotations,
        };
        let maps: Maps<'_> = environment::maps_of(&pod.name.namespace, &self.config_maps);
        let refused = |what: String| {
            StageError::io(what)(std::io::Error::other("changed since it was applied"))
        };
        let env = environment::variables(spec, &identity, &maps);
        let env = env.map_err(|(name, reason)| refused(format!("set {name}: {reason}")))?;
        let command = spec.command.first();
        let program = command.and_then(|c| environment::program(c, &self.program_dirs));
        let program =
            program.ok_or_else(|| refused(format!("find the program {:?}", spec.command)))?;
        let words = spec.command.iter().skip(1).chain(&spec.args);
        let args = words.map(|word| environment::expand(word, &env).into()).collect();
        let own = [
            ("PATH".into(), "/usr/local/bin:/usr/bin:/bin".into()),
            ("HOME".into(), pod.dir.display().to_string()),
        ];
        let injected = [
            ("ROCKET_ADDRESS".into(), pod.ip.to_string()),
            ("RESOLV_CONF".into(), pod.dir.join("resolv.conf").display().to_string()),
            ("RESOLV_PORT".into(), self.nameserver.port().to_string()),
            ("HOSTS_FILE".into(), pod.dir.join("hosts").display().to_string()),
        ];
        Ok(Launch {
            program,
            args,
            env: own.into_iter().chain(env).chain(injected).collect(),
            dir: pod.dir.clone(),
            log: logs::open(&pod.containers[index].log)?,
            files: POD_FILES,
            oom_score: POD_OOM_SCORE,
            nice: POD_NICE,
        })
    }
}
