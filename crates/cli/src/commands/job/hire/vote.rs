//! `docket job vote` and `docket job reveal`: what an arbitrator thinks of a verdict, hidden first.

use super::court::{Dispute, tell};
use super::number::Number;
use crate::commands::agent::signed::{Signer, Wish};
use crate::commands::agent::view::Success;
use anyhow::Result;
use clap::ValueEnum;
use docket_core::agent::court;
use docket_core::hash::ContentHash;
use docket_protocol::wallet::{Action, WalletKey, keccak256};
use reqwest::Method;
use serde::Serialize;
use serde_json::json;

/// What there is to keep until the vote is revealed.
pub(super) const SALT: &str = "What hides the vote follows from the key and the dispute: there is no file to keep. Reveal with the same key.";

/// A vote.
#[derive(clap::Args)]
pub(in crate::commands::job) struct Args {
    #[command(flatten)]
    signer: Signer,
    /// The job's number, which its dispute has as well.
    job: Number,
    /// What becomes of the verdict.
    #[arg(value_enum)]
    vote: Vote,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
enum Vote {
    /// It stands.
    Uphold,
    /// It becomes its opposite.
    Overturn,
}

impl Vote {
    const fn number(self) -> u8 {
        match self {
            Self::Uphold => court::Vote::Uphold.number(),
            Self::Overturn => court::Vote::Overturn.number(),
        }
    }

    /// What binds to this vote: the Keccak-256 of its number and the salt.
    fn commitment(self, salt: [u8; 32]) -> [u8; 32] {
        let mut packed = [self.number(); 33];
        packed[1..].copy_from_slice(&salt);
        keccak256(&packed)
    }
}

/// What hides a vote: the Keccak-256 of a signature over a text that names the dispute. A wallet signs the same text always
/// the same way (RFC 6979), so it can be had again, and by nobody else.
///
/// Nobody must ever be shown that signature, so the text must be none that a wallet is asked for elsewhere: requests
/// are signed over texts that begin with `AACP:` or `TermiX:`, and no route takes this one.
fn salt(key: &WalletKey, job: Number, opened: &str) -> [u8; 32] {
    let text = format!("This hides my vote in the dispute about job {job} on Docket, opened {opened}.");
    keccak256(key.sign(text.as_bytes()).to_string().as_bytes())
}

/// Binds the arbitrator to the vote, and shows the dispute.
pub(super) async fn commit(args: &Args) -> Result<()> {
    let bound = args.vote.commitment(hidden(args).await?);
    send(args, "commit", Action::COMMIT_VOTE, &json!({"commitment": bytes32(bound)})).await
}

/// Reveals it, and shows the dispute.
pub(super) async fn reveal(args: &Args) -> Result<()> {
    let body = json!({"vote": args.vote.number(), "salt": bytes32(hidden(args).await?)});
    send(args, "reveal", Action::REVEAL_VOTE, &body).await
}

async fn hidden(args: &Args) -> Result<[u8; 32]> {
    let client = args.signer.place.client()?;
    let answer = client.get(&format!("api/v1/disputes/{}", args.job)).await?;
    let dispute = answer.parse::<Success<Dispute>>()?.data;
    Ok(salt(&args.signer.key()?, args.job, dispute.created_at()))
}

async fn send(args: &Args, step: &str, action: Action, body: &impl Serialize) -> Result<()> {
    let resource = args.job.to_string();
    let path = format!("api/v1/disputes/{resource}/{step}");
    let wish = Wish { method: Method::POST, path: &path, action, resource: &resource };
    let answer = args.signer.send(wish, body).await?;
    tell(&answer, args.signer.place.json)
}

fn bytes32(bytes: [u8; 32]) -> String {
    format!("0x{}", ContentHash(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    const OPENED: &str = "2026-01-02T03:04:05.678Z";

    #[test]
    fn the_salt_comes_again_for_the_same_key_and_dispute_alone() {
        let [ann, ben] = [1, 2].map(|byte| WalletKey::from_bytes(&[byte; 32]).unwrap());
        let [first, second]: [Number; 2] = ["1", "2"].map(|text| text.parse().unwrap());
        let own = salt(&ann, first, OPENED);
        assert_eq!(salt(&ann, first, OPENED), own);
        for other in [salt(&ben, first, OPENED), salt(&ann, second, OPENED), salt(&ann, first, "later")] {
            assert_ne!(other, own);
        }
    }

    #[test]
    fn a_commitment_is_what_the_court_computes() {
        let packed: Vec<u8> = [1].into_iter().chain([7; 32]).collect();
        assert_eq!(Vote::Overturn.commitment([7; 32]), keccak256(&packed));
        assert_ne!(Vote::Uphold.commitment([7; 32]), Vote::Overturn.commitment([7; 32]));
    }
}
