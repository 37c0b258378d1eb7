//! What a node signs that has a wallet and no other key: which answer it gave to which job.

use super::{Address, Signature};
use crate::digest::Digest;
use crate::fields;
use serde::{Deserialize, Serialize};

/// A node's word for its answer to a job.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Completion {
    /// The node.
    pub address: Address,
    /// The job, as it is called.
    #[serde(deserialize_with = "fields::name::<64, _>")]
    pub job_id: String,
    /// SHA-256 of the text of the answer.
    pub output_hash: Digest,
    /// The wallet's signature over [`Self::message`], as wallets write it.
    #[serde(deserialize_with = "fields::text::<132, _>")]
    pub signature: String,
}

impl Completion {
    /// What is signed: `Docket:complete-job:<job>:<SHA-256 of the answer in lower-case hexadecimal>`.
    pub fn message(job_id: &str, output_hash: Digest) -> String {
        format!("Docket:complete-job:{job_id}:{}", hex::encode(output_hash.0))
    }

    /// What the log's entry names as `receipt_hash`: SHA-256 of the canonical JSON of `{"completion": …}`.
    pub fn receipt_hash(&self) -> Digest {
        let document = serde_json::json!({"completion": self});
        Digest::of(&crate::canonical::to_vec(&document).expect("texts have a canonical form"))
    }

    /// Whether the node has signed this.
    pub fn is_signed(&self) -> bool {
        let message = Self::message(&self.job_id, self.output_hash);
        let signature = Signature::parse(&self.signature);
        signature.and_then(|signature| signature.recover(message.as_bytes())) == Ok(self.address)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wallet::WalletKey;

    #[test]
    fn only_what_the_node_has_signed_of_this_job_and_this_answer_counts() {
        let key = WalletKey::from_bytes(&[7; 32]).unwrap();
        let output_hash = Digest::of(b"an answer");
        let message = Completion::message("17", output_hash);
        assert!(message.starts_with("Docket:complete-job:17:") && message.len() == 23 + 64);
        let signature = key.sign(message.as_bytes()).to_string();
        let word = Completion { address: key.address(), job_id: "17".to_owned(), output_hash, signature };
        assert!(word.is_signed());
        for other in [
            Completion { job_id: "18".to_owned(), ..word.clone() },
            Completion { output_hash: Digest::of(b"another"), ..word.clone() },
            Completion { address: Address([1; 20]), ..word.clone() },
            Completion { signature: "0x00".to_owned(), ..word.clone() },
        ] {
            assert!(!other.is_signed(), "{other:?}");
        }
        let text = serde_json::to_string(&word).unwrap();
        assert_eq!(serde_json::from_str::<Completion>(&text).unwrap(), word);
    }
}
