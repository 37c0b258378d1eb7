//! Somebody with a wallet, and the requests that it signs.

use anyhow::{Context, Result, bail};
use docket_core::time::Timestamp;
use docket_protocol::digest::Digest;
use docket_protocol::wallet::{Action, Statement, WalletKey};
use reqwest::{Method, Response, header};
use serde_json::{Value, json};
use std::time::SystemTime;

/// The market, as anybody sees it.
pub(crate) struct Market {
    http: reqwest::Client,
    url: String,
    /// The operator's: in this example he gives everybody test money.
    token: String,
}

/// Somebody who owns an agent.
pub(crate) struct Owner<'a> {
    market: &'a Market,
    key: WalletKey,
    /// The agent's number.
    pub(crate) agent: String,
}

impl Market {
    pub(crate) fn new(url: String, token: String) -> Self {
        Self { http: reqwest::Client::new(), url, token }
    }

    /// What everybody may read, such as `/jobs/12`.
    pub(crate) async fn read(&self, path: &str) -> Result<Value> {
        data(self.http.get(format!("{}/api/v1{path}", self.url)).send().await?).await
    }

    /// Books money that has come in from outside, as `docket ledger credit` does.
    async fn credit(&self, account: &str, units: u64) -> Result<()> {
        let url = format!("{}/admin/v1/accounts/{account}/credit", self.url);
        let request = self.http.post(url).bearer_auth(&self.token).header("idempotency-key", account);
        let body = json!({"amount": units.to_string(), "asset": "tUSDC"});
        request.json(&body).send().await?.error_for_status()?;
        Ok(())
    }
}

impl<'a> Owner<'a> {
    /// A new wallet with an agent in this role, which has a hundred coins at stake and as much to spend. A coin has a million
    /// minor units.
    pub(crate) async fn new(market: &'a Market, role: &str) -> Result<Self> {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes).context("the operating system gives no random bytes")?;
        let mut owner = Self { market, key: WalletKey::from_bytes(&bytes)?, agent: "new".to_owned() };
        let body = json!({"roles": [role]});
        let made = owner.say(Action::REGISTER_AGENT, "new", "/agents/register", &body).await?;
        owner.agent = text(&made, "agentId")?;
        let address = owner.key.address().to_string();
        market.credit(&format!("client:agents:{}", address.to_lowercase()), 200_000_000).await?;
        owner.act(Action::DEPOSIT, "deposit", &json!({"amount": "100000000"})).await?;
        println!("{role}: agent {}, of {address}, with 100 coins at stake.", owner.agent);
        Ok(owner)
    }

    /// Does something with the own agent; answers with what it is afterwards.
    pub(crate) async fn act(&self, action: Action, step: &str, body: &Value) -> Result<Value> {
        self.say(action, &self.agent, &format!("/agents/{}/{step}", self.agent), body).await
    }

    /// Takes a step of a job; answers with the job.
    pub(crate) async fn step(&self, action: Action, job: &str, step: &str, body: &Value) -> Result<Value> {
        self.say(action, job, &format!("/jobs/{job}/{step}"), body).await
    }

    /// Has the wallet sign a wish, and sends it.
    pub(crate) async fn say(
        &self,
        action: Action,
        resource: &str,
        path: &str,
        body: &Value,
    ) -> Result<Value> {
        data(self.send(Method::POST, action, resource, path, body.to_string()).await?).await
    }

    /// What was delivered, byte by byte, for those who take part.
    pub(crate) async fn deliverable(&self, job: &str) -> Result<Vec<u8>> {
        let (path, action) = (format!("/jobs/{job}/deliverable"), Action::READ_DELIVERABLE);
        let answer = self.send(Method::GET, action, job, &path, String::new()).await?;
        Ok(answer.error_for_status()?.bytes().await?.to_vec())
    }

    /// The wallet signs what is done, to what, when, and the very bytes that are sent.
    async fn send(
        &self,
        method: Method,
        action: Action,
        resource: &str,
        path: &str,
        body: String,
    ) -> Result<Response> {
        let now = SystemTime::UNIX_EPOCH.elapsed()?.as_millis();
        let at = Timestamp(i64::try_from(now)?);
        let digest = Some(Digest::of(body.as_bytes()));
        let message = Statement { action, resource, at, body: digest }.to_string();
        let url = format!("{}/api/v1{path}", self.market.url);
        let request = self
            .market
            .http
            .request(method, url)
            .header("x-wallet-address", self.key.address().to_string())
            .header("x-wallet-signature", self.key.sign(message.as_bytes()).to_string())
            .header("x-wallet-timestamp", at.0.to_string())
            .header(header::CONTENT_TYPE, "application/json");
        Ok(request.body(body).send().await?)
    }
}

/// What an answer has to say, or why it is none.
async fn data(answer: Response) -> Result<Value> {
    let status = answer.status();
    let mut body: Value = answer.json().await?;
    if !status.is_success() {
        bail!("{status}: {} ({})", body["message"], body["error"]);
    }
    Ok(body["data"].take())
}

/// A text in an answer.
pub(crate) fn text(value: &Value, name: &str) -> Result<String> {
    Ok(value[name].as_str().with_context(|| format!("the answer has no {name}"))?.to_owned())
}
