//! What nodes and clients of `registry` sign with viem, ethers and eth-account, judged as the coordinator judges it.

use crate::fixture;
use crate::wallet::{Answers, Key, answers};
use docket_core::time::Timestamp;
use docket_protocol::digest::Digest;
use docket_protocol::wallet::{Action, Address, Completion, Headers, Heartbeat, Signature, verify};
use serde::Deserialize;

const ACTIONS: [(&str, Action); 5] = [
    ("register-node", Action::REGISTER_NODE),
    ("deactivate-node", Action::DEACTIVATE_NODE),
    ("pay-job", Action::PAY_JOB),
    ("read-job", Action::READ_JOB),
    ("expire-job", Action::EXPIRE_JOB),
];

/// What the libraries were given. `$address` and its like stand in it.
#[derive(Deserialize)]
struct Cases {
    registry: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Case {
    Request {
        action: String,
        resource: String,
        at: String,
        #[serde(default)]
        body: String,
        #[serde(default)]
        input: String,
    },
    Beat {
        endpoint: String,
        seconds: String,
        #[serde(rename = "gpuTier")]
        gpu_tier: Option<u8>,
    },
    Answer {
        job: String,
        output: String,
    },
}

/// What is said, as it comes to the coordinator.
#[derive(Clone, Debug)]
enum Said {
    Request { action: Action, resource: Vec<u8>, at: i64, body: Vec<u8> },
    Beat { endpoint: Vec<u8>, seconds: i64, gpu_tier: Option<u8> },
    Answer { job: Vec<u8>, output: Vec<u8> },
}

impl Case {
    /// As it is said by an address.
    fn by(&self, address: &str) -> Said {
        match self {
            Self::Request { action, resource, at, body, input } => {
                let hash = hex::encode(Digest::of(input.as_bytes()).0);
                let upper = format!("0x{}", address[2..].to_uppercase());
                let filled = |text: &str| {
                    let text = text.replace("$address", address).replace("$lower", &address.to_lowercase());
                    text.replace("$upper", &upper).replace("$hash", &hash).into_bytes()
                };
                let (_, action) = ACTIONS.iter().find(|(name, _)| name == action).unwrap();
                let at = at.parse().unwrap();
                Said::Request { action: *action, resource: filled(resource), at, body: filled(body) }
            }
            Self::Beat { endpoint, seconds, gpu_tier } => Said::Beat {
                endpoint: endpoint.clone().into_bytes(),
                seconds: seconds.parse().unwrap(),
                gpu_tier: *gpu_tier,
            },
            Self::Answer { job, output } => {
                Said::Answer { job: job.clone().into_bytes(), output: output.clone().into_bytes() }
            }
        }
    }
}

impl Said {
    /// Whether the coordinator takes it for the word of an address.
    fn holds(&self, address: &str, signature: &str) -> bool {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec());
        let signer = Address::parse(address).unwrap();
        match self {
            Self::Request { action, resource, at, body } => {
                let Ok(resource) = text(resource) else { return false };
                let headers = Headers { address, signature, timestamp: &at.to_string() };
                let signed = verify(&headers, *action, &resource, Digest::of(body), Timestamp(*at));
                signed.is_ok_and(|signed| signed.signer == signer)
            }
            Self::Beat { endpoint, seconds, gpu_tier } => {
                let Ok(endpoint) = text(endpoint) else { return false };
                let beat = Heartbeat { address: signer, seconds: *seconds, gpu_tier: *gpu_tier, endpoint };
                Signature::parse(signature).and_then(|signature| beat.is_signed(&signature)) == Ok(true)
            }
            Self::Answer { job, output } => {
                let Ok(job_id) = text(job) else { return false };
                let (output_hash, signature) = (Digest::of(output), signature.to_owned());
                Completion { address: signer, job_id, output_hash, signature }.is_signed()
            }
        }
    }

    /// The same with a change in one place: each byte, each number, each other action.
    fn changed(&self) -> Vec<Self> {
        let mut all = Vec::new();
        let mut flip = |bytes: &[u8], change: &dyn Fn(Vec<u8>) -> Self| {
            all.extend((0..bytes.len()).map(|at| {
                let mut bytes = bytes.to_vec();
                bytes[at] ^= 1;
                change(bytes)
            }));
            all.push(change([bytes, b"0"].concat()));
        };
        match self.clone() {
            Self::Request { action, resource, at, body } => {
                let (of, to) = (resource.clone(), body.clone());
                flip(&of, &|resource| Self::Request { action, resource, at, body: to.clone() });
                flip(&to, &|body| Self::Request { action, resource: of.clone(), at, body });
                let others = ACTIONS.into_iter().filter(|(_, other)| *other != action);
                all.extend(others.map(|(_, action)| Self::Request {
                    action,
                    resource: of.clone(),
                    at,
                    body: to.clone(),
                }));
                all.push(Self::Request { action, resource, at: at ^ 1, body });
            }
            Self::Beat { endpoint, seconds, gpu_tier } => {
                flip(&endpoint, &|endpoint| Self::Beat { endpoint, seconds, gpu_tier });
                let other = Some(gpu_tier.map_or(1, |tier| tier ^ 1));
                all.push(Self::Beat { endpoint: endpoint.clone(), seconds, gpu_tier: other });
                all.push(Self::Beat { endpoint, seconds: seconds ^ 1, gpu_tier });
            }
            Self::Answer { job, output } => {
                flip(&job, &|job| Self::Answer { job, output: output.clone() });
                flip(&output, &|output| Self::Answer { job: job.clone(), output });
            }
        }
        all
    }
}

/// A key in the hands of a library.
struct Signer {
    library: String,
    address: String,
    /// All cases, each with its signature.
    said: Vec<(Said, String)>,
}

fn signers() -> Vec<Signer> {
    let cases: Cases = fixture::read_from("wallet", "cases.json");
    let mut all = Vec::new();
    for Answers { made_by, keys } in answers() {
        assert_eq!(keys.len(), 4, "{made_by}");
        for Key { address, registry, .. } in keys {
            assert_eq!((registry.len(), cases.registry.len()), (17, 17), "{made_by}");
            let said = cases.registry.iter().map(|case| case.by(&address)).zip(registry).collect();
            all.push(Signer { library: made_by.clone(), address, said });
        }
    }
    all
}

#[test]
fn what_three_libraries_sign_for_a_node_or_a_client_is_taken_for_its_signers() {
    let signers = signers();
    for Signer { library, address, said } in &signers {
        for (said, signature) in said {
            for spelling in [address.clone(), address.to_lowercase()] {
                assert!(said.holds(&spelling, signature), "{library}: {said:?} by {spelling}");
            }
        }
    }
    let [first, other, ..] = &signers[..] else { panic!("there are twelve") };
    for (said, signature) in &first.said {
        assert!(!said.holds(&other.address, signature), "{said:?}");
    }
}

#[test]
fn with_one_byte_changed_it_is_nobodys_word() {
    let Signer { address, said, .. } = signers().swap_remove(0);
    for (said, signature) in &said {
        for changed in said.changed() {
            assert!(!changed.holds(&address, signature), "{changed:?}");
        }
        let bytes = hex::decode(&signature[2..]).unwrap();
        for at in 0..bytes.len() {
            let mut bytes = bytes.clone();
            bytes[at] ^= 1;
            assert!(!said.holds(&address, &format!("0x{}", hex::encode(bytes))), "byte {at}: {said:?}");
        }
    }
}
