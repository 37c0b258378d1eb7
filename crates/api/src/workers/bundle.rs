//! The file that proves a job, for `docket verify`.

use super::Receipts;
use crate::app::App;
use crate::log;
use docket_core::event::Voucher;
use docket_core::job::Job;
use docket_engine::EngineError;
use docket_protocol::receipt::{Bundle, BundleForm, SignedBy};

/// What nobody but the coordinator says where the worker signed only the short receipt, or a node its answer.
const NOT_IN_THE_SHORT: [&str; 4] = ["client", "price", "request", "usage"];
/// What nobody but the coordinator says of an answer that broke off.
const OF_A_PART: [&str; 2] = ["delivered_part", "usage"];

/// The bundle of a job; `None` if nothing was delivered for it.
pub(crate) async fn bundle(app: &App, job: &Job) -> Result<Option<Bundle>, EngineError> {
    let Some(delivery) = job.delivery() else { return Ok(None) };
    let Some(answer) = app.engine.answer(job.id).await? else { return Ok(None) };
    let Some(receipts) = Receipts::parse(&answer.receipt) else { return Ok(None) };
    let (signed_by, vouched) = match delivery.voucher {
        Voucher::Coordinator => (SignedBy::Coordinator, &OF_A_PART[..]),
        Voucher::Worker if receipts.full.is_none() => (SignedBy::Worker, &NOT_IN_THE_SHORT[..]),
        Voucher::Worker => (SignedBy::Worker, &[][..]),
    };
    Ok(Some(Bundle {
        format: BundleForm::V1,
        signed_by,
        receipt: receipts.full,
        signature: receipts.signature,
        batch: receipts.batch,
        dispatch: receipts.dispatch,
        completion: receipts.completion,
        output: String::from_utf8(answer.output.to_vec()).ok(),
        vouched: vouched.iter().map(|&name| name.to_owned()).collect(),
        log: log::prove(app, job.id, "settled").await?,
    }))
}
