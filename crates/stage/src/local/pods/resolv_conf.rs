//! A pod's `resolv.conf`: whom it asks for names. A DNS fault names another server there. And its
//! `hosts`: which names it knows without asking.

use std::net::Ipv4Addr;

use super::{Pod, Pods};
use crate::local::files;
use crate::manifest::DnsConfig;
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
    /// Writes the file as kubelet does, in one step, so that no reader sees half of it.
    pub(super) fn write_resolv_conf(&self, nameserver: Ipv4Addr) -> Result<(), StageError> {
        let text = resolv_conf(nameserver, &self.name.namespace, &self.spec.dns_config);
        files::replace(&self.dir.join("resolv.conf"), text.as_bytes())
    }

    /// Writes what kubelet writes to a pod's `/etc/hosts`: a pod does not see the names in the
    /// laptop's own file, which would win over Services and over DNS faults.
    pub(super) fn write_hosts(&self) -> Result<(), StageError> {
        let text = format!("127.0.0.1\tlocalhost\n{}\t{}\n", self.ip, self.name.name);
        files::replace(&self.dir.join("hosts"), text.as_bytes())
    }
}

/// The text of the file. Unlike kubelet's it limits time and attempts, because nothing on loopback
/// is worth five seconds of waiting; what the pod itself wants wins, as with kubelet.
fn resolv_conf(nameserver: Ipv4Addr, namespace: &str, wanted: &DnsConfig) -> String {
    let of_cluster = ["svc.cluster.local", "cluster.local"].map(str::to_owned);
    let mut search = vec![format!("{namespace}.svc.cluster.local")];
    search.extend(of_cluster);
    search.extend(wanted.searches.iter().cloned());
    let own = [("ndots", "5"), ("timeout", "1"), ("attempts", "2")].into_iter();
    let kept = own.filter(|(name, _)| wanted.options.iter().all(|option| option.name != *name));
    let mut options: Vec<String> = kept.map(|(name, value)| format!("{name}:{value}")).collect();
    options.extend(wanted.options.iter().map(|option| match &option.value {
        Some(value) => format!("{}:{value}", option.name),
        None => option.name.clone(),
    }));
    let (search, options) = (search.join(" "), options.join(" "));
    format!("nameserver {nameserver}\nsearch {search}\noptions {options}\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::DnsOption;

    #[test]
    fn what_a_pod_wants_of_its_resolver_wins_over_the_stage() {
        let server = Ipv4Addr::new(127, 1, 250, 53);
        let plain = resolv_conf(server, "demo", &DnsConfig::default());
        let search = "search demo.svc.cluster.local svc.cluster.local cluster.local";
        let options = "options ndots:5 timeout:1 attempts:2";
        assert_eq!(plain, format!("nameserver 127.1.250.53\n{search}\n{options}\n"));
        let option = |name: &str, value: Option<&str>| DnsOption {
            name: name.to_owned(),
            value: value.map(str::to_owned),
        };
        let wanted = DnsConfig {
            searches: vec!["example.org".to_owned()],
            options: vec![option("ndots", Some("1")), option("use-vc", None)],
        };
        let text = resolv_conf(server, "demo", &wanted);
        assert!(text.contains(&format!("{search} example.org\n")), "{text}");
        assert!(text.ends_with("options timeout:1 attempts:2 ndots:1 use-vc\n"), "{text}");
    }
}
