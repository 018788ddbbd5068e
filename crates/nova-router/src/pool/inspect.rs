//! Questions about one text: any worker at hand answers them, and the next one if it dies at that.

use std::sync::Arc;

use nova_protocol::inspection::{InspectFile, Inspected};
use nova_protocol::message::{Request, Response};
use nova_rpc::CallError;

use super::Shared;
use super::launch::LaunchError;

/// A question at which so many workers were lost is not asked again. The file is not quarantined: that
/// somebody looks at it must not take its symbols away.
const INSPECT_ATTEMPTS_MAX: u32 = 2;

/// Why a question about a text has no answer.
#[derive(Debug, thiserror::Error)]
pub enum InspectError {
    /// There is no worker.
    #[error("{0}")]
    NoWorker(String),
    /// It did not answer.
    #[error(transparent)]
    Call(#[from] CallError),
    /// It did not live to answer.
    #[error("{INSPECT_ATTEMPTS_MAX} workers were lost at it; of the last one: {0}")]
    Lost(String),
}

impl From<Arc<LaunchError>> for InspectError {
    fn from(error: Arc<LaunchError>) -> Self {
        Self::NoWorker(error.to_string())
    }
}

impl Shared {
    pub(super) async fn inspect(
        self: &Arc<Self>,
        request: InspectFile,
    ) -> Result<Inspected, InspectError> {
        let (shard, root) = (request.shard, request.root.identity.clone());
        let request = Request::InspectFile(request);
        let mut last = String::new();
        for _ in 0..INSPECT_ATTEMPTS_MAX {
            let errand = self.errand(shard, &root, |_| true).await?;
            let call = errand.worker.caller.call(&request, None);
            let bound = self.options.supervision.update_timeout;
            match self.watch(&errand.worker, call, bound, || 0).await {
                Ok(Response::InspectFile(inspected)) => return Ok(inspected),
                Ok(_) => return Err(CallError::WrongAnswer.into()),
                Err(CallError::Disconnected(_)) => {
                    last = self.bury(&errand.worker).await.to_string();
                }
                Err(error) => return Err(error.into()),
            }
        }
        Err(InspectError::Lost(last))
    }
}
