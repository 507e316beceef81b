//! A pod's `resolv.conf`: whom it asks for names. A DNS fault names another server there. And its
//! `hosts`: which names it knows without asking.

use std::net::Ipv4Addr;

use super::{Pod, Pods};
use crate::local::files;
use crate::{NamespacedName, StageError};

impl Pods {
    /// Sends the pod's lookups to another server on the port of cluster DNS, or back to cluster
    /// DNS. Returns which server that is.
    pub(crate) fn set_nameserver(
        &mut self,
        name: &NamespacedName,
        nameserver: Option<Ipv4Addr>,
    ) -> Result<Ipv4Addr, StageError> {
        let nameserver = nameserver.unwrap_or(*self.nameserver.ip());
        self.living(name)?.write_resolv_conf(nameserver)?;
        Ok(nameserver)
    }
}

impl Pod {
    /// Writes the file as kubelet does, in one step, so that no reader sees half of it. Unlike
    /// kubelet's it limits time and attempts, because nothing on loopback is worth five seconds of
    /// waiting.
    pub(super) fn write_resolv_conf(&self, nameserver: Ipv4Addr) -> Result<(), StageError> {
        let namespace = &self.name.namespace;
        let text = format!(
            "nameserver {nameserver}\nsearch {namespace}.svc.cluster.local svc.cluster.local cluster.local\noptions \
             ndots:5 timeout:1 attempts:2\n"
        );
        files::replace(&self.dir.join("resolv.conf"), text.as_bytes())
    }

    /// Writes what kubelet writes to a pod's `/etc/hosts`: a pod does not see the names in the
    /// laptop's own file, which would win over Services and over DNS faults.
    pub(super) fn write_hosts(&self) -> Result<(), StageError> {
        let text = format!("127.0.0.1\tlocalhost\n{}\t{}\n", self.ip, self.name.name);
        files::replace(&self.dir.join("hosts"), text.as_bytes())
    }
}
