//! The simulated enclave: its keys, its jobs, and what can be asked of it.

use crate::answer::reason;
use crate::decimal::{COIN_DECIMALS, MONEY_DECIMALS, format_decimal};
use crate::ecies::DecryptionKey;
use crate::trading::Trading;
use crate::{
    AttestationAnswer, Fill, JobAnswer, JobRequest, MAX_DURATION, Market, Order, OrderAnswer, Params, Placed,
    Refusal, StatusAnswer, Symbol,
};
use docket_attestation::{Attestation, Balance, Key, Report, State, deliverable_hash};
use docket_core::time::Timestamp;
use docket_protocol::digest::Digest;
use docket_protocol::wallet::{Address, WalletKey};
use hkdf::Hkdf;
use serde_json::{Value, json};
use sha2::Sha256;
use std::collections::BTreeMap;
use zeroize::Zeroizing;

/// How many jobs are kept. Those that are closed can be forgotten.
pub const MAX_JOBS: usize = 1_000;

/// The most capital of a job, in minor units: a billion whole coins of its currency.
const MAX_CAPITAL: u128 = 1_000_000_000_000_000;

/// What answers call the exchange.
pub(crate) const EXCHANGE: &str = "docket-simulated-exchange";

/// What the market knows of a job and the client's request does not say.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Opening {
    /// What is traded, in millionths of the account's currency.
    pub capital: u128,
    /// Who may give orders.
    pub provider: Address,
}

/// What makes two requests the same.
#[derive(PartialEq, Eq)]
struct Content {
    params: Params,
    deadline: Timestamp,
    credentials: Digest,
    opening: Opening,
}

struct Job {
    content: Content,
    trading: Trading,
    /// The latest instant anybody named. Time never runs backwards for a job.
    now: Timestamp,
    nonce: Option<u64>,
    sequence: u64,
    /// The report at the end, by which the deliverable is known.
    closing: Option<(Report, Attestation)>,
}

/// A simulated enclave. Every answer says so.
pub struct Enclave {
    decryption: DecryptionKey,
    signing: WalletKey,
    market: Market,
    jobs: BTreeMap<String, Job>,
}

impl Enclave {
    /// An enclave whose keys follow from a seed that the caller drew from a good source of randomness. `None` for the
    /// one seed in 2^127 that gives no keys.
    pub fn new(seed: &[u8; 32], market: Market) -> Option<Self> {
        let decryption = DecryptionKey::from_bytes(&derive(seed, b"docket-enclave-v1 decryption"))?;
        let signing = WalletKey::from_bytes(&derive(seed, b"docket-enclave-v1 signing")).ok()?;
        Some(Self { decryption, signing, market, jobs: BTreeMap::new() })
    }

    /// The key that signs reports, for the operator to pin.
    pub fn key(&self) -> Key {
        Key::Secp256k1(self.signing.address())
    }

    /// `GET /tee/attestation`.
    pub fn attestation(&self) -> AttestationAnswer {
        AttestationAnswer {
            simulated: true,
            exchange: EXCHANGE,
            tee_pubkey: self.decryption.public_hex(),
            scheme: "secp256k1",
            key: self.key().to_string(),
            measurement: None,
            symbols: Symbol::ALL.map(Symbol::name).to_vec(),
        }
    }

    /// `POST /tee/jobs`. The same request again is answered again; that its sender is the job's client is for the caller
    /// to check. A key that was encrypted anew is the same key.
    pub fn create_job(
        &mut self,
        request: &JobRequest,
        opening: Opening,
        now: Timestamp,
    ) -> Result<JobAnswer, Refusal> {
        let content = Content {
            params: request.params.clone(),
            deadline: request.deadline,
            credentials: request.credentials(&self.decryption)?,
            opening,
        };
        if let Some(job) = self.jobs.get_mut(&request.job_id) {
            if job.content != content {
                return Err(Refusal::JobDiffers);
            }
            job.advance(&self.market, now);
            return Ok(job.answer(&request.job_id));
        }
        if request.deadline <= now || request.deadline > now + MAX_DURATION {
            return Err(Refusal::malformed("`deadline` lies in the future, and at most 90 days from now"));
        }
        if !(1..=MAX_CAPITAL).contains(&opening.capital) {
            return Err(Refusal::malformed("the job's capital is out of its range"));
        }
        if self.jobs.len() >= MAX_JOBS {
            return Err(Refusal::Full);
        }
        let trading = Trading::new(opening.capital, content.params.clone(), content.deadline, now);
        let job = Job { content, trading, now, nonce: None, sequence: 0, closing: None };
        let answer = job.answer(&request.job_id);
        self.jobs.insert(request.job_id.clone(), job);
        Ok(answer)
    }

    /// `POST /tee/jobs/:id/orders`. A signed order uses up its nonce even if it is then refused, so that nobody else can
    /// give it again later.
    pub fn order(
        &mut self,
        job_id: &str,
        order: &Order,
        provider_signature: &str,
        now: Timestamp,
    ) -> Result<OrderAnswer, Refusal> {
        let job = self.jobs.get_mut(job_id).ok_or(Refusal::UnknownJob)?;
        if order.job_id != job_id {
            return Err(Refusal::malformed("`job_id` is not that of the address"));
        }
        if !order.is_signed_by(job.content.opening.provider, provider_signature) {
            return Err(Refusal::NotTheProvider { signed: order.signed_text().to_owned() });
        }
        let now = job.advance(&self.market, now);
        if let Some(last) = job.nonce.filter(|last| order.nonce <= *last) {
            return Err(Refusal::NonceUsed { last });
        }
        job.nonce = Some(order.nonce);
        let placed = job.trading.place(&self.market, order.action, now)?;
        let (status, fills) = match placed {
            Placed::Filled(fills) => ("filled", fills),
            Placed::Resting => ("resting", vec![]),
        };
        let fills = fills.into_iter().map(|(symbol, fill)| write(symbol, fill)).collect();
        Ok(OrderAnswer { simulated: true, job_id: job_id.to_owned(), nonce: order.nonce, status, fills })
    }

    /// `GET /tee/jobs/:id/status`. Of a running job a new report; of a closed one always its closing report.
    pub fn status(&mut self, job_id: &str, now: Timestamp) -> Result<StatusAnswer, Refusal> {
        let job = self.jobs.get_mut(job_id).ok_or(Refusal::UnknownJob)?;
        let now = job.advance(&self.market, now);
        let (report, attestation) = match &job.closing {
            Some(closing) => closing.clone(),
            None => {
                let at = job.trading.closed_at().unwrap_or(now);
                let made = job.report(job_id, &self.market, &self.signing, at)?;
                if job.trading.closed_at().is_some() {
                    job.closing = Some(made.clone());
                }
                made
            }
        };
        let enclave_signature = attestation.signed().signature_text();
        let hash = deliverable_hash(&enclave_signature, report.reported_value());
        let closed = report.state() != State::Running;
        Ok(StatusAnswer {
            simulated: true,
            job_id: job_id.to_owned(),
            state: report.state().name(),
            closed_reason: reason(report.state()),
            balance_report: report.balance().as_value().clone(),
            reported_value: report.reported_value().to_string(),
            enclave_signature,
            report: report.to_value(),
            attestation: attestation.to_value(),
            deliverable_hash: closed.then(|| format!("0x{}", hex::encode(hash))),
        })
    }

    /// A new report of a job, signed, for the market: of a closed job, too, with its final value.
    pub fn snapshot(&mut self, job_id: &str, now: Timestamp) -> Result<(Report, Attestation), Refusal> {
        let job = self.jobs.get_mut(job_id).ok_or(Refusal::UnknownJob)?;
        let now = job.advance(&self.market, now);
        job.report(job_id, &self.market, &self.signing, now)
    }

    /// The names of its jobs.
    pub fn jobs(&self) -> Vec<String> {
        self.jobs.keys().cloned().collect()
    }

    /// Forgets a closed job. Answers whether there was one.
    pub fn forget(&mut self, job_id: &str) -> bool {
        let closed = self.jobs.get(job_id).is_some_and(|job| job.trading.closed_at().is_some());
        closed && self.jobs.remove(job_id).is_some()
    }
}

impl Job {
    /// Answers the instant that counts.
    fn advance(&mut self, market: &Market, now: Timestamp) -> Timestamp {
        self.now = self.now.max(now);
        self.trading.advance(market, self.now);
        self.now
    }

    fn answer(&self, job_id: &str) -> JobAnswer {
        let state = self.trading.state().name();
        JobAnswer { simulated: true, job_id: job_id.to_owned(), state, deadline: self.content.deadline.0 }
    }

    fn report(
        &mut self,
        job_id: &str,
        market: &Market,
        signing: &WalletKey,
        at: Timestamp,
    ) -> Result<(Report, Attestation), Refusal> {
        // By the clock, so that a job that was brought back after a restart goes on and does not begin again.
        let sequence = (self.sequence + 1).max(u64::try_from(at.0).unwrap_or(0));
        let value = self.trading.value(market, at);
        let balance = Balance::new(self.trading.balance(market, at)).map_err(|_| Refusal::Failed)?;
        let report = Report::new(job_id, value, at, sequence, self.trading.state(), balance)
            .map_err(|_| Refusal::Failed)?;
        self.sequence = sequence;
        let attestation = Attestation::by_wallet(signing, &report);
        Ok((report, attestation))
    }
}

fn write(symbol: Symbol, fill: Fill) -> Value {
    json!({
        "symbol": symbol.name(),
        "quantity": format_decimal(fill.quantity, COIN_DECIMALS),
        "price": format_decimal(fill.price, MONEY_DECIMALS),
        "fee": format_decimal(fill.fee, MONEY_DECIMALS),
    })
}

fn derive(seed: &[u8; 32], purpose: &[u8]) -> Zeroizing<[u8; 32]> {
    let mut key = Zeroizing::new([0; 32]);
    Hkdf::<Sha256>::new(None, seed)
        .expand(purpose, key.as_mut_slice())
        .expect("32 bytes are fewer than HKDF can give");
    key
}
