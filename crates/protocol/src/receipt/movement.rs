//! Money that moved for a job: how it is written, and what the log's entry names of it.

use crate::digest::Digest;
use crate::fields;
use docket_core::ledger::{Account, Transfer};
use docket_core::money::Amount;
use serde::{Deserialize, Serialize};
use std::fmt;

/// One transfer of a change, as it stands in a bundle and under `transfers_hash`.
///
/// The job's own accounts are `escrow`, `vesting`, `deposit` and `locked:AGENT`: the public id stands
/// beside the list, and the internal one is shown to nobody. `payer` is whoever pays for a job of which nobody may see
/// whether a client does, or the treasury to test who does it. All others have the name of the account, such as
/// `worker:KEY`, `client:quotes:ann`, `treasury` or `outside:ledger:testnet`.
///
/// Fields stand here in canonical order and no number is a JSON number.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Movement {
    /// What the units are of.
    #[serde(deserialize_with = "fields::text::<128, _>")]
    pub asset: String,
    /// Which account has less afterwards. The longest name that is stored has 1,024 bytes.
    #[serde(deserialize_with = "fields::text::<1040, _>")]
    pub from: String,
    /// Which account has more afterwards.
    #[serde(deserialize_with = "fields::text::<1040, _>")]
    pub to: String,
    /// Whole minor units.
    #[serde(with = "fields::decimal")]
    pub units: u128,
}

impl Movement {
    /// The form of a transfer that was made for a job, or for none.
    pub fn new(from: &Account, to: &Account, amount: Amount) -> Self {
        let asset = amount.asset.name().to_owned();
        Self { asset, from: name(from), to: name(to), units: amount.units }
    }

    /// The form of a transfer in the log, where this account is called the payer, if there is one.
    pub fn of(Transfer { from, to, amount }: &Transfer, payer: Option<&Account>) -> Self {
        let mut movement = Self::new(from, to, *amount);
        for (account, name) in [(from, &mut movement.from), (to, &mut movement.to)] {
            if payer == Some(account) {
                "payer".clone_into(name);
            }
        }
        movement
    }
}

fn name(account: &Account) -> String {
    match account {
        Account::Escrow(_) => "escrow".to_owned(),
        Account::Vesting(_) => "vesting".to_owned(),
        Account::Deposit(_) => "deposit".to_owned(),
        Account::Locked(agent, _) => format!("locked:{}", agent.0),
        Account::Client(_)
        | Account::Worker(_)
        | Account::Stake(_)
        | Account::Staked(_)
        | Account::Treasury
        | Account::Burned
        | Account::Outside(_) => account.to_string(),
    }
}

impl fmt::Display for Movement {
    /// In words: `950 USDC units from escrow to worker 8a88…`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { asset, from, to, units } = self;
        let [from, to] = [from, to].map(|account| account.replacen(':', " ", 1));
        write!(f, "{units} {asset} units from {from} to {to}")
    }
}

/// What an entry of the log names as `transfers_hash`: SHA-256 over the canonical JSON of
/// `{"job":…,"transfers":[{"asset":…,"from":…,"to":…,"units":…},…]}`. `job` is the public id, or `null`
/// where no job is concerned; the transfers stand in the order in which they were made.
pub fn transfers_hash(job: Option<&str>, transfers: &[Movement]) -> Digest {
    #[derive(Serialize)]
    struct Moved<'a> {
        job: Option<&'a str>,
        transfers: &'a [Movement],
    }
    let moved = Moved { job, transfers };
    Digest::of(&serde_json::to_vec(&moved).expect("texts can always be written"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::canonical;
    use docket_core::id::{AgentId, ClientId, JobId, WorkerId};
    use docket_core::ledger::NetworkId;
    use docket_core::money::Asset;
    use serde_json::json;

    fn movement(from: &Account, to: &Account) -> Movement {
        Movement::new(from, to, Amount::new(u128::MAX, Asset::TEST_USDC))
    }

    #[test]
    fn what_is_hashed_is_canonical() {
        let client = Account::Client(ClientId("ann \"\u{1}\u{1f}\u{7f}é\n/".into()));
        let transfers = [movement(&client, &Account::Treasury), movement(&Account::Treasury, &client)];
        for job in [None, Some("a \"job\"")] {
            let written = json!({"transfers": &transfers, "job": job});
            assert_eq!(
                transfers_hash(job, &transfers),
                Digest::of(&canonical::to_vec(&written).unwrap()),
                "{job:?}"
            );
        }
    }

    #[test]
    fn no_account_shows_the_internal_name_of_its_job() {
        let (job, agent) = (JobId(987_654_321), AgentId(5));
        let own = [
            (Account::Escrow(job), "escrow"),
            (Account::Vesting(job), "vesting"),
            (Account::Deposit(job), "deposit"),
            (Account::Locked(agent, job), "locked:5"),
        ];
        let others = [
            (Account::Stake(agent), "stake:5"),
            (Account::Staked(WorkerId([0x11; 32])), &format!("staked:{}", "11".repeat(32))),
            (Account::Burned, "burned"),
            (Account::Outside(NetworkId("ledger:testnet".into())), "outside:ledger:testnet"),
        ];
        for (account, name) in own.into_iter().chain(others) {
            assert_eq!(movement(&account, &Account::Treasury).from, name);
            assert_eq!(movement(&Account::Treasury, &account).to, name);
        }
    }

    #[test]
    fn a_movement_is_said_in_words() {
        let worker = Account::Worker(WorkerId([0x11; 32]));
        let paid = Movement::new(&Account::Escrow(JobId(7)), &worker, Amount::new(950, Asset::TEST_USDC));
        assert_eq!(paid.to_string(), format!("950 tUSDC units from escrow to worker {}", "11".repeat(32)));
        let back = movement(&Account::Escrow(JobId(7)), &Account::Client(ClientId("quotes:ann".into())));
        assert!(back.to_string().ends_with("from escrow to client quotes:ann"), "{back}");
    }
}
