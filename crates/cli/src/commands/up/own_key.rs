//! The API key that comes with `docket up`: of an account of one's own, with test credits on it.

use crate::credits::Credits;
use crate::data::DataDir;
use anyhow::Result;
use docket_core::id::ClientId;
use docket_core::key::Limits;
use docket_core::ledger::Account;
use docket_core::money::Amount;
use docket_core::policy::Source;
use docket_engine::{Engine, KeySecret};

/// Whose the key is.
const OWN: &str = "credits:me";
/// What is on the account at first, where money is minted.
const GIFT: Credits = Credits::whole(10_000);

/// The key in the data folder, or a new one if there is none that is in use.
pub(super) async fn own_key(engine: &Engine, data: &DataDir) -> Result<KeySecret> {
    if let Source::Minted(_) = engine.ledger().source() {
        let amount = Amount::new(GIFT.units, engine.ledger().asset());
        // Under one key, so that only the first start gives anything.
        engine.credit(Account::Client(ClientId(OWN.into())), amount, "docket up").await?;
    }
    if let Some(secret) = data.api_key()?.as_deref().and_then(KeySecret::parse) {
        let key = engine.key(secret.expose()).await?;
        if key.is_some_and(|key| key.check_in_use().is_ok()) {
            return Ok(secret);
        }
    }
    let made = engine.create_key(ClientId(OWN.into()), "docket up".into(), Limits::default()).await;
    let (secret, _) = made?;
    data.keep_api_key(secret.expose())?;
    Ok(secret)
}
