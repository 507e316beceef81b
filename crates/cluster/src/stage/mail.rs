//! What the inbox got: asked through the API server.

use stage::Notification;

use super::ClusterStage;
use crate::error::ClusterError;
use crate::monitoring::{INBOX, INBOX_PORT};

impl ClusterStage {
    /// Every message since the stage is up.
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
