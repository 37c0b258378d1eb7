//! Who is at the door: the first frames of a connection.

use super::code::Code;
use super::node;
use super::session::Socket;
use crate::app::App;
use docket_core::agent::identity::Word;
use docket_core::feature::Features;
use docket_core::hash::Sha256;
use docket_core::id::WorkerId;
use docket_core::money::Amount;
use docket_core::refusal::Refusal;
use docket_core::routing::{Skills, WorkerClass};
use docket_engine::{Hello, Outbound, Profile, Welcome};
use docket_protocol::frames::{
    AckStatus, Challenge, FromCoordinator, FromWorker, JobType, Offer, ProviderType, Register, RegisterAck,
};
use docket_protocol::keys::PublicKey;
use std::sync::Arc;
use std::time::Duration;

/// How long a connection may take for each of its first frames.
const PATIENCE: Duration = Duration::from_secs(10);

/// A worker that was let in.
pub(super) struct Registered {
    pub(super) key: PublicKey,
    pub(super) welcome: Welcome,
    /// Whether it speaks our superset of the protocol, or only Dispatch's messages.
    pub(super) ours: bool,
}

/// Takes the first frames; `None` if the connection ended or was refused.
pub(super) async fn register(
    app: &App,
    socket: &mut Socket,
    loopback: bool,
    outbound: Outbound,
) -> Option<Registered> {
    let register = loop {
        match socket.receive(PATIENCE).await? {
            FromWorker::Register(register) => break register,
            _ => socket.complain("UNKNOWN_MSG", "the first frame must be 'register'").await?,
        }
    };
    let Ok(key) = PublicKey::from_hex(&register.provider_pubkey.to_ascii_lowercase()) else {
        refuse(socket, &register.provider_pubkey, Code::InvalidKey.code()).await;
        return None;
    };
    let proof = register.prove && prove(app, socket, &key).await?;
    if register.prove && !proof {
        refuse(socket, &register.provider_pubkey, Refusal::ProofInvalid.code()).await;
        return None;
    }
    let enrols = match enrols(app, &register, &key) {
        Ok(enrols) => enrols,
        Err(code) => {
            tracing::info!(worker = %register.provider_pubkey, code = code.code(), "a node was refused");
            refuse(socket, &register.provider_pubkey, code.code()).await;
            return None;
        }
    };
    let ours = register.prove || register.offer.is_some();
    let hello = Hello { enrols, ..hello(app, &register, &key, proof, loopback) };
    match app.engine.connect(hello, outbound).await {
        Ok(welcome) => {
            let ack = FromCoordinator::RegisterAck(Box::new(RegisterAck {
                status: AckStatus::Ok,
                worker_id: register.provider_pubkey.clone(),
                error: None,
                session: ours
                    .then(|| format!("{}-{}", app.engine.store().start().epoch, welcome.connection.0)),
                heartbeat_ms: ours.then_some(u32::try_from(docket_engine::HEARTBEAT.0).unwrap_or(u32::MAX)),
                resumed: welcome.resumed.iter().map(|name| name.to_string()).collect(),
            }));
            if socket.send(&ack).await.is_none() {
                app.engine.disconnect(welcome.connection);
                return None;
            }
            Some(Registered { key, welcome, ours })
        }
        Err(error) => {
            tracing::info!(worker = %register.provider_pubkey, %error, "a worker was refused");
            refuse(socket, &register.provider_pubkey, Code::of(&error)).await;
            None
        }
    }
}

/// Asks for a signature over a number that was never used before; `None` if the connection ended.
async fn prove(app: &App, socket: &mut Socket, key: &PublicKey) -> Option<bool> {
    let nonce = docket_core::hash::Sha256(app.engine.entropy().bytes()).to_string();
    socket.send(&FromCoordinator::Challenge(Challenge { nonce: nonce.clone() })).await?;
    match socket.receive(PATIENCE).await? {
        FromWorker::ChallengeResponse(response) => Some(key.verify_registration(&nonce, &response.signature)),
        _ => Some(false),
    }
}

/// For which class of hardware it enrols, if it does, on the word of its wallet.
fn enrols(app: &App, register: &Register, key: &PublicKey) -> Result<Option<(Word, u8)>, Code> {
    let now = app.engine.clock().now();
    register.node.as_ref().map(|offer| node::judge(offer, key, now)).transpose()
}

async fn refuse(socket: &mut Socket, worker: &str, code: &str) {
    let ack = FromCoordinator::RegisterAck(Box::new(RegisterAck {
        status: AckStatus::Error,
        worker_id: worker.to_owned(),
        error: Some(code.to_owned()),
        session: None,
        heartbeat_ms: None,
        resumed: Vec::new(),
    }));
    socket.send(&ack).await; // It is refused whether it hears of it or not.
}

fn hello(app: &App, register: &Register, key: &PublicKey, proof: bool, loopback: bool) -> Hello {
    let skills = register.capabilities.iter().fold(Skills::NONE, |skills, capability| {
        skills.with(match capability {
            JobType::LlmInfer => Skills::INFER,
            JobType::Task => Skills::TASK,
        })
    });
    let class = match register.provider_type {
        ProviderType::Desktop => WorkerClass::Desktop,
        ProviderType::Seeker => WorkerClass::Handheld,
    };
    // One of Dispatch's workers takes one job at a time and is not asked before it has it.
    let dispatch = Offer {
        models: Vec::new(),
        concurrency: 1,
        gpu_tier: None,
        region: None,
        price_floor: None,
        accept: false,
    };
    let offer = register.offer.as_ref().unwrap_or(&dispatch);
    Hello {
        worker: WorkerId(*key.as_bytes()),
        proof,
        unproven_allowed: app.settings.allow_unproven && loopback,
        profile: Profile {
            class,
            skills,
            models: offer
                .models
                .iter()
                .map(|model| {
                    (
                        model.name.as_str().into(),
                        model.features.iter().copied().collect::<Features>().declared(),
                    )
                })
                .collect(),
            weights: offer
                .models
                .iter()
                .filter_map(|model| Some((model.name.as_str().into(), Sha256(model.weights_hash?.0))))
                .collect(),
            gpu_tier: 0,
            deactivated: false,
            by_post: false,
            price_floor: Amount::new(offer.price_floor.unwrap_or_default(), app.asset()),
            concurrency: offer.concurrency,
            accepts: offer.accept,
        },
        enrols: None,
        resume: register.resume.iter().map(|resume| Arc::from(resume.job_id.as_str())).collect(),
    }
}
