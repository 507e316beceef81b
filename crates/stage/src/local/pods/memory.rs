//! Memory limits: without cgroups, the stage itself kills what is above its limit.

use super::Pods;
use crate::NamespacedName;

/// Processes beside a pod whose memory counts against the limit of one of its containers, as
/// everything in a cgroup does.
pub(crate) trait MemoryCharges {
    /// Bytes that they hold.
    fn charged(&self, pod: &NamespacedName, container: usize) -> u64;

    /// Kills the one that the kernel would kill rather than the container's process with `rss`
    /// bytes; returns its pid. `limit` is the container's, in bytes.
    fn kill_instead(
        &mut self,
        pod: &NamespacedName,
        container: usize,
        rss: u64,
        limit: u64,
    ) -> Option<i32>;
}

impl Pods {
    /// Kills containers above their memory limit, as the kernel does in a cluster.
    pub(super) fn enforce_memory(&mut self, charges: &mut impl MemoryCharges) {
        for pod in self.pods.values_mut() {
            let object = pod.object();
            for (index, container) in pod.containers.iter_mut().enumerate() {
                let (Some(limit), Some(process)) = (container.limit, &container.process) else {
                    continue;
                };
                let Some(rss) = process.rss_bytes() else {
                    continue;
                };
                self.changed |= container.rss != Some(rss);
                container.rss = Some(rss);
                let charged = charges.charged(&pod.name, index);
                if rss + charged <= limit || container.oom_killed {
                    continue;
                }
                let mut text = format!("{rss} bytes resident, limit {limit}");
                if charged > 0 {
                    text += &format!(", {charged} more by stress");
                }
                match charges.kill_instead(&pod.name, index, rss, limit) {
                    Some(worker) => text += &format!("; stress worker {worker} is killed"),
                    None => {
                        container.oom_killed = true;
                        process.kill();
                    }
                }
                self.events.warning("OOMKilling", object.clone(), text);
            }
        }
    }
}
