//! Receipts: what a worker signs for a job, what the coordinator adds, and the file that holds it all.
//!
//! There are two forms. The short one is that of the `quotes` dialect, five fields; the full one says what was
//! run, for whom and for how much, and several of them may share a signature. Whether they fit the job is judged by
//! core, or by [`crate::verify`] afterwards.

mod batch;
mod bundle;
mod dispatch;
mod full;
mod movement;

pub use batch::{Batch, MOST_TOGETHER, sign_together, signed_message};
pub use bundle::{
    Bundle, BundleError, BundleForm, LogProof, MAX_BUNDLE_BYTES, SignedBy, receipt_hash, receipt_hash_of,
};
pub use dispatch::{DispatchReceipt, SignedDispatch};
pub use full::{FullReceipt, Model, ReceiptForm, Sampler, Usage};
pub use movement::{Movement, transfers_hash};
