//! What somebody wants of a model becomes a job, whichever route it came by: read, priced, held, placed.

use super::asked::Asked;
use super::attend::Sameness;
use super::completions::find;
use super::errors::{Code, Problem};
use super::price::{CREDIT, Priced, credits};
use crate::app::App;
use docket_core::change::Claim;
use docket_core::feature::{Feature, Features};
use docket_core::hash::Sha256;
use docket_core::id::Dialect;
use docket_core::job::{Ask, Job, Skill, Speed};
use docket_core::key::ApiKey;
use docket_core::ledger::Account;
use docket_core::refusal::Refusal;
use docket_engine::{EngineError, Naming, NewJob, ServedModel};
use std::sync::Arc;

/// A request to a model that has passed every check.
#[derive(Debug)]
pub(super) struct Inquiry {
    pub(super) model: String,
    pub(super) stream: bool,
    /// Whether a streamed answer ends with a count of tokens.
    pub(super) include_usage: bool,
    /// The most tokens of the answer; `None` where tokens do not count and a request has one price.
    pub(super) max_tokens: Option<u32>,
    /// What the model must honour, and the parameter that asks for it.
    pub(super) needs: Vec<(&'static str, Feature)>,
    /// What the worker gets to see.
    pub(super) payload: String,
}

/// An inquiry under a key, not yet paid for.
pub(super) struct Order {
    pub(super) inquiry: Inquiry,
    /// Whether its client waits for the answer, and may come back to it.
    pub(super) is_attended: bool,
    /// What the answer repeats of the request, where it may be read again.
    pub(super) echo: Option<Arc<str>>,
    digest: Sha256,
    idempotency_key: Option<String>,
}

/// Where requests come in. The same words on another route are another request.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Route {
    Chat,
    Completions,
    Embeddings,
    Responses,
}

impl Route {
    /// What is hashed before the body. Chats have nothing there, so that what was asked for under earlier versions stays
    /// the same request.
    const fn mark(self) -> &'static str {
        match self {
            Self::Chat => "",
            Self::Completions => "/v1/completions\n",
            Self::Embeddings => "/v1/embeddings\n",
            Self::Responses => "/v1/responses\n",
        }
    }
}

/// A client's name of a request, as it stands in the store, and the request.
type Claimed = (Arc<str>, Sha256);

/// A client's name of a request, as it stands in the store.
fn claimed(key: &ApiKey, name: &str) -> Arc<str> {
    format!("credits:{}:{name}", key.id.0).into()
}

/// Whether a request was taken before under the name that its client gives it. Then it makes no job, whatever it says.
pub(super) async fn is_repeat(asked: &Asked) -> Result<bool, Problem> {
    let Some(name) = asked.idempotency_key()? else { return Ok(false) };
    Ok(earlier(&asked.app, &claimed(&asked.key, name)).await?.is_some())
}

/// What a name was used for.
async fn earlier(app: &App, name: &str) -> Result<Option<Claim>, Problem> {
    Ok(app.engine.store().claim(name).await.map_err(EngineError::from)?)
}

impl Order {
    pub(super) fn new(route: Route, asked: &Asked, inquiry: Inquiry) -> Result<Self, Problem> {
        let idempotency_key = asked.idempotency_key()?;
        let digest = Sha256::of(&[route.mark().as_bytes(), &asked.body].concat());
        let idempotency_key = idempotency_key.map(str::to_owned);
        Ok(Self { inquiry, is_attended: true, echo: None, digest, idempotency_key })
    }

    pub(super) fn sameness(&self, key: &ApiKey) -> Sameness {
        (key.id, self.digest)
    }

    /// Holds the worst case, and makes the job; or finds the one that was made for the same request before, whatever can
    /// be done with it now.
    pub(super) async fn place(self, app: &App, key: &ApiKey) -> Result<Arc<Job>, Problem> {
        let claim = self.idempotency_key.as_ref().map(|name| (claimed(key, name), self.digest));
        let (new, priced) = match self.offer(app, key, claim.clone()) {
            Ok(offer) => offer,
            Err(problem) => return before(app, claim).await?.ok_or(problem),
        };
        let price = new.price;
        let submitted = match app.engine.submit(new).await {
            Ok(submitted) => submitted,
            Err(EngineError::Refused(Refusal::InsufficientFunds)) => {
                return Err(insufficient(app, key, &priced, price.units).await?);
            }
            Err(error) => return Err(error.into()),
        };
        find(app, &submitted.id).await
    }

    /// The job that it would be, and the price of its model.
    fn offer<'a>(
        self,
        app: &'a App,
        key: &ApiKey,
        claim: Option<Claimed>,
    ) -> Result<(NewJob, Priced<'a>), Problem> {
        let Self { inquiry, is_attended, echo, digest, .. } = self;
        let served = app.engine.served_model(&inquiry.model);
        let served = served.ok_or_else(|| {
            let words = format!("No live worker serves the model `{}`.", inquiry.model);
            Problem::new(Code::ModelNotFound, words)
        })?;
        let needs = honoured(&served, &inquiry.needs)?;
        let priced = app.settings.prices.model(&inquiry.model);
        let priced = priced.ok_or_else(|| Problem::new(Code::Internal, "This model has no price."))?;
        let (price, policy) = match inquiry.max_tokens {
            Some(tokens) => (priced.hold(tokens, app.asset()), priced.terms(inquiry.stream)),
            None => app.settings.prices.embedding(app.asset()),
        };
        let new = NewJob {
            dialect: Dialect::Credits,
            naming: Naming::Short,
            client: key.client.clone(),
            ask: Arc::new(Ask {
                skill: Skill::Infer,
                model: Some(served.name),
                speed: Speed::Fast,
                private: false,
                needs,
            }),
            price,
            policy,
            payload: inquiry.payload.into_bytes().into(),
            echo,
            key: claim,
            key_id: Some(key.id),
            request: is_attended.then_some(digest),
            preferred: None,
            now_or_never: None,
        };
        Ok((new, priced))
    }
}

/// The job that was made before under a name, if one was; refused if it was made for another request.
async fn before(app: &App, claim: Option<Claimed>) -> Result<Option<Arc<Job>>, Problem> {
    let Some((name, digest)) = claim else { return Ok(None) };
    match earlier(app, &name).await? {
        Some(claim) if claim.request != digest => Err(EngineError::Refused(Refusal::KeyReused).into()),
        Some(claim) => Ok(Some(find(app, &claim.answer).await?)),
        None => Ok(None),
    }
}

/// All that is asked of a model; refused by the name of the first parameter with which no live worker can do it, or of
/// the model where that is for something else altogether.
fn honoured(served: &ServedModel, needs: &[(&'static str, Feature)]) -> Result<Features, Problem> {
    let mut wanted = Features::NONE;
    for (param, feature) in needs {
        wanted = wanted.with(*feature);
        if !served.honours(wanted) {
            return Err(match feature {
                Feature::Chat => of_vectors(&served.name),
                Feature::Completions => not_there(&served.name, "/v1/completions"),
                Feature::Embeddings => not_there(&served.name, "/v1/embeddings"),
                _ => Problem::unsupported(*param),
            });
        }
    }
    Ok(wanted)
}

/// A model that writes no text.
fn of_vectors(model: &str) -> Problem {
    let words = format!(
        "No live worker answers with the model `{model}`: it is for vectors of texts, at /v1/embeddings."
    );
    Problem::new(Code::Unsupported, words).with_param("model")
}

/// A model that is served, and not on this route.
fn not_there(model: &str, route: &str) -> Problem {
    let words = format!("No live worker serves the model `{model}` at {route}.");
    Problem::new(Code::Unsupported, words).with_param("model")
}

/// Says what there is, and what is missing.
async fn insufficient(
    app: &App,
    key: &ApiKey,
    priced: &Priced<'_>,
    needed: u128,
) -> Result<Problem, Problem> {
    let account = Account::Client(key.client.clone());
    let rows = app.engine.store().balance(&account).await.map_err(EngineError::from)?;
    let asset = app.asset();
    let balance = rows.iter().find(|row| row.asset == asset.name()).map_or(0, |row| row.units);
    let balance = credits(u128::try_from(balance).unwrap_or_default());
    let (tier, needed) = (priced.tier_name, needed.div_ceil(CREDIT));
    let message = format!(
        "Insufficient credits: the balance is {balance}, and this request to a model of tier {tier} needs {needed}."
    );
    Ok(Problem::new(Code::InsufficientCredits, message))
}
