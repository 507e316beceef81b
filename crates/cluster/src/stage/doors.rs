//! Ways to the stage's own pods: to admin ports, for a tale's script, and to the inbox.

use stage::{ADMIN_PORT, Door, NamespacedName, Notification, Stage};

use super::ClusterStage;
use crate::error::ClusterError;
use crate::monitoring::{INBOX, INBOX_PORT};
use crate::pod::PodPort;
use crate::tunnel::{Allows, Tunnel};

impl ClusterStage {
    /// One to each ready pod of a Deployment.
    ///
    /// # Errors
    /// The server does not answer, or no port of this machine can be opened.
    pub(super) async fn doors(
        &self,
        deployment: &NamespacedName,
    ) -> Result<Vec<Door>, ClusterError> {
        let snapshot = self.status().await.map_err(|why| ClusterError::Connect(why.to_string()))?;
        let own = NamespacedName::new(self.namespace(), &deployment.name);
        let mut doors = Vec::new();
        for pod in snapshot.ready_pods_of(&own) {
            let (namespace, name) = (self.namespace().to_owned(), pod.name.clone());
            let server = PodPort { namespace, pod: name.clone(), port: ADMIN_PORT };
            let tunnel = Tunnel::open(self.api.clone(), server, Allows::All).await;
            let tunnel =
                tunnel.map_err(|why| ClusterError::Connect(format!("cannot listen: {why}")))?;
            let (url, held_by) = (tunnel.url(), Box::new(tunnel));
            doors.push(Door { pod: name, url, held_by: Some(held_by) });
        }
        Ok(doors)
    }

    /// What is in the inbox.
    ///
    /// # Errors
    /// It does not answer, or as another version would.
    pub(super) async fn messages(&self) -> Result<Vec<Notification>, ClusterError> {
        let path = format!(
            "/api/v1/namespaces/{}/services/http:{INBOX}:{INBOX_PORT}/proxy{}",
            self.namespace(),
            stage::inbox::MESSAGES
        );
        let messages = self.api.look(&path).await?;
        serde_json::from_value(messages).map_err(|why| ClusterError::Missing {
            what: format!("the inbox answers something else: {why}"),
            remedy: "bring the image of this version with `tale images load`".to_owned(),
        })
    }
}
