//! What a receipt must prove before work counts as delivered. Its bytes live in the protocol.

use crate::hash::Sha256;
use crate::id::{PublicId, WorkerId};
use crate::refusal::Refusal;

/// What a signed receipt says, and whether its signature verified.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Claims<'a> {
    /// The job it names.
    pub job: &'a str,
    /// The key it names.
    pub worker: WorkerId,
    /// The output it names.
    pub output: Sha256,
    /// Whether the signature is by the key that it names.
    pub signed: bool,
}

/// Refuses a receipt that does not prove that this worker delivered this output for this job.
pub fn check(claims: &Claims<'_>, job: &PublicId, worker: WorkerId, received: Sha256) -> Result<(), Refusal> {
    if claims.job != &*job.text {
        return Err(Refusal::ReceiptForOtherJob);
    }
    if claims.worker != worker {
        return Err(Refusal::ReceiptByOtherWorker);
    }
    if claims.output != received {
        return Err(Refusal::ReceiptForOtherOutput);
    }
    if !claims.signed {
        return Err(Refusal::ReceiptNotSigned);
    }
    Ok(())
}
