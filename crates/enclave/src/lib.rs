//! A **simulated** enclave that trades a client's capital on a **simulated** exchange, so that the whole way of a job of
//! capital can be gone. It protects nothing, trades nothing and is worth nothing: every answer says so.
//!
//! Prices follow from a seed, a symbol and an instant; time and chance are arguments. What is real are the forms: keys
//! encrypted to the enclave, orders signed by the provider, reports that `docket-attestation` verifies. Which routes
//! serve this, and who may call them, is left to others. `docs/attestation.md` describes it.

mod account;
mod answer;
mod decimal;
pub mod ecies;
mod enclave;
mod market;
mod order;
mod refusal;
mod request;
mod trading;

pub use account::{Account, FEE, Fill, Unaffordable};
pub use answer::{AttestationAnswer, JobAnswer, OrderAnswer, Placed, StatusAnswer};
pub use decimal::{COIN_DECIMALS, MONEY_DECIMALS, format_decimal, parse_decimal};
pub use enclave::{Enclave, MAX_JOBS, Opening};
pub use market::{Market, Symbol};
pub use order::{Action, MAX_ORDER, Order};
pub use refusal::Refusal;
pub use request::{JobRequest, MAX_DURATION, MAX_REQUEST, Params};
pub use trading::{LOOK_EVERY, MAX_RESTING};
