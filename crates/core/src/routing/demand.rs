//! What a job asks of its worker.

use super::{ModelId, RegionId, Skills};
use crate::feature::Features;
use crate::id::WorkerId;
use crate::money::Amount;

/// Who may see a job at all.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Audience<'a> {
    /// Every worker.
    Anyone,
    /// Only these, whom the client trusts. Order and repetition do not matter.
    Only(&'a [WorkerId]),
}

/// What a job asks of its worker, put together for one decision.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Demand<'a> {
    /// The kinds of work that the worker must know, usually one.
    pub skills: Skills,
    /// The model it must host; `None` if any will do.
    pub model: Option<ModelId>,
    /// What that model must honour as the worker hosts it, or one of its models where any will do.
    pub needs: Features,
    /// The least class of hardware; 0 asks for nothing.
    pub min_gpu_tier: u8,
    /// Where it must stand. A worker that does not say where it stands is nowhere.
    pub region: Option<RegionId>,
    /// What the worker would be paid.
    pub price: Amount,
    /// Who may see it.
    pub audience: Audience<'a>,
    /// Whether the worker must have proven its key, as for private jobs.
    pub must_be_proven: bool,
    /// Workers that have had this job and not finished it: a handful.
    pub excluded: &'a [WorkerId],
}
