//! Texts that a database may refuse are refused before they reach the writer: a statement that fails
//! fails for everybody.

use crate::batch::Write;
use crate::error::StoreError;
use docket_core::agent::identity::Profile;
use docket_core::change::Record;
use docket_core::enrolment::Offer;
use docket_core::ledger::Account;
use docket_core::policy::{Policy, Source};

/// The longest text that may stand in an index, in bytes.
const LONGEST: usize = 1_024;

/// Refuses a write with a text that not every database can hold. Callers bound what comes from
/// outside much more narrowly; this keeps one that forgot from stopping everybody.
pub(crate) fn check(write: &Write) -> Result<(), StoreError> {
    let decision = write.documents.result.as_ref().map(|result| &*result.decision);
    let indexed = indexed(write);
    let snapshot = write.documents.snapshot.iter().flat_map(|snapshot| {
        [Some(&snapshot.report), snapshot.flaw.as_ref(), snapshot.attestation.as_ref()].into_iter().flatten()
    });
    let kept = decision.into_iter().chain(snapshot.map(|text| &**text));
    let unfit = |text: &str| text.contains('\0');
    if indexed.iter().any(|text| text.len() > LONGEST) {
        return Err(StoreError::Failed(format!("a name of more than {LONGEST} bytes")));
    }
    if indexed.into_iter().chain(kept).chain(described(write)).any(unfit) {
        return Err(StoreError::Failed("a text with a zero byte".to_owned()));
    }
    Ok(())
}

/// Every text of a write that comes from outside and by which rows are found.
fn indexed(write: &Write) -> Vec<&str> {
    let change = &write.change;
    let mut texts: Vec<&str> = Vec::with_capacity(8);
    if let Some(job) = change.job.as_ref().map(|job| &job.after) {
        texts.extend([&*job.public_id.text, &*job.client.0]);
        texts.extend(job.ask.model.as_deref());
        texts.extend(network(&job.policy));
    }
    if let Some(claim) = &change.claim {
        texts.extend([&*claim.key, &*claim.answer.text]);
    }
    for transfer in &change.transfers {
        texts.extend([&transfer.from, &transfer.to].into_iter().filter_map(name));
    }
    for record in &change.records {
        match &record.after {
            Record::Worker(_) => {}
            Record::Pairing(pairing) => texts.push(&pairing.client.0),
            Record::Trust(trust) => texts.push(&trust.client.0),
            Record::Key(key) => texts.extend([&*key.client.0, &*key.label]),
            Record::Hook(hook) => texts.extend([&*hook.client.0, &*hook.url, &*hook.secret.0]),
            Record::Delivery(_) | Record::Offer(_) => {}
            Record::Enrolment(enrolment) => {
                let Offer { endpoint, models, .. } = &enrolment.offer;
                texts.extend(endpoint.iter().chain(models).map(|text| &**text));
            }
            Record::Challenge(challenge) => texts.push(&challenge.model),
            Record::Reference(reference) => texts.push(&reference.model),
            Record::Agent(agent) => {
                let Profile { name, avatar, tags, .. } = &agent.profile;
                texts.extend([name].into_iter().chain(avatar).chain(tags).map(|text| &**text));
            }
        }
    }
    texts
}

/// What comes from outside and is never searched.
fn described(write: &Write) -> impl Iterator<Item = &str> {
    write.change.records.iter().flat_map(|record| match &record.after {
        Record::Agent(agent) => vec![&*agent.profile.description],
        Record::Reference(reference) => vec![&*reference.question, &*reference.answer],
        _ => Vec::new(),
    })
}

fn network(policy: &Policy) -> Option<&str> {
    match &policy.source {
        Source::Client | Source::Treasury => None,
        Source::Minted(network) => Some(&network.0),
    }
}

fn name(account: &Account) -> Option<&str> {
    match account {
        Account::Client(client) => Some(&client.0),
        Account::Outside(network) => Some(&network.0),
        Account::Worker(_)
        | Account::Escrow(_)
        | Account::Vesting(_)
        | Account::Stake(_)
        | Account::Staked(_)
        | Account::Locked(..)
        | Account::Deposit(_)
        | Account::Treasury
        | Account::Burned => None,
    }
}
