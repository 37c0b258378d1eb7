//! The bundles that Node made, and what a careful reader pins.

use crate::fixture;
use docket_protocol::keys::{PublicKey, SigningKey};
use docket_protocol::log::{Checkpoint, VerifierKey};
use docket_protocol::receipt::Bundle;
use docket_protocol::verify::{Claim, Holds, Pins, Seen, Verdict};
use serde::Deserialize;
use serde_json::Value;

const JOB: &str = "a1b2c3d4-e5f6-7890-abcd-ef1234567890";

#[derive(Deserialize)]
pub(crate) struct Examples {
    pub(crate) worker: String,
    coordinator_seed: String,
    coordinator_vkey: String,
    pub(crate) output: String,
    pub(crate) full: Example,
    pub(crate) short: Example,
    pub(crate) broken_stream: Example,
    pub(crate) batched: Example,
    pub(crate) chat: Example,
}

#[derive(Deserialize)]
pub(crate) struct Example {
    pub(crate) bundle: Value,
    earlier: Earlier,
}

#[derive(Deserialize)]
pub(crate) struct Earlier {
    checkpoint: String,
    proof: Vec<String>,
}

impl Example {
    pub(crate) fn bundle(&self) -> Bundle {
        Bundle::parse(self.bundle.to_string().as_bytes()).unwrap()
    }

    /// What a reader kept who looked at the log when it was smaller.
    pub(crate) fn seen(&self, examples: &Examples) -> Seen {
        let checkpoint = Checkpoint::open(&self.earlier.checkpoint, &examples.vkey()).unwrap();
        let decode = |hash: &String| base64(hash).try_into().unwrap();
        Seen { checkpoint, proof: Some(self.earlier.proof.iter().map(decode).collect()) }
    }
}

impl Examples {
    pub(crate) fn vkey(&self) -> VerifierKey {
        self.coordinator_vkey.parse().unwrap()
    }

    /// All that a careful reader of the full bundle would pin.
    pub(crate) fn pins(&self) -> Pins {
        Pins {
            job_id: Some(JOB.to_owned()),
            worker_key: Some(PublicKey::from_hex(&self.worker).unwrap()),
            wallet: None,
            coordinator_vkey: Some(self.vkey()),
            output: Some(self.output.clone().into_bytes()),
            seen: Some(self.full.seen(self)),
        }
    }

    pub(crate) fn coordinator(&self) -> SigningKey {
        SigningKey::from_seed(&hex::decode(&self.coordinator_seed).unwrap().try_into().unwrap())
    }
}

fn base64(text: &str) -> Vec<u8> {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.decode(text).unwrap()
}

pub(crate) fn examples() -> Examples {
    fixture::read("bundles.json")
}

/// The claims that are false.
pub(crate) fn lies(verdict: &Verdict) -> Vec<Claim> {
    let lies = verdict.findings.iter().filter(|finding| finding.holds == Holds::False);
    lies.map(|finding| finding.claim).collect()
}
