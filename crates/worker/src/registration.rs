//! What a worker says of itself when it registers, and the same in words.

use crate::config::{Config, ConfigError, NodeIdentity, WorkerClass};
use crate::engine::{self, Capability, Engine};
use docket_protocol::digest::Digest;
use docket_protocol::frames::{JobType, Offer, OfferedModel, ProviderType, Register};

const MOST_JOBS: usize = 256;
const MOST_MODELS: usize = 256;
const AGENT: &str = concat!("docket-worker/", env!("CARGO_PKG_VERSION"));

/// The registration, but for the work to resume and the wallet's word, which each connection fills in.
pub(crate) fn register(config: &Config) -> Result<Register, ConfigError> {
    let offered = config.engines.offer();
    if let Some(NodeIdentity { gpu_tier: tier @ (0 | 10..), .. }) = config.node {
        return Err(ConfigError::GpuTier(tier));
    }
    let agent = match &config.name {
        Some(name) => format!("{AGENT} ({})", bounded("name", name, 64)?),
        None => AGENT.to_owned(),
    };
    Ok(Register {
        provider_pubkey: config.key.public_key().to_hex(),
        provider_type: match config.class {
            WorkerClass::Desktop => ProviderType::Desktop,
            WorkerClass::Handheld => ProviderType::Seeker,
        },
        capabilities: offered.capabilities().into_iter().map(job_type).collect(),
        pricing_hint: None,
        prove: true,
        offer: Some(offer(config, &offered)?),
        node: None,
        resume: Vec::new(),
        agent: Some(agent),
    })
}

fn offer(config: &Config, offered: &engine::Offer) -> Result<Offer, ConfigError> {
    if offered.models.len() > MOST_MODELS {
        return Err(ConfigError::TooManyModels(offered.models.len()));
    }
    let models = offered.models.iter().map(|model| {
        Ok(OfferedModel {
            name: bounded("name of the model", &model.name, 128)?,
            weights_hash: model.weights_sha256.map(Digest),
            context: model.context_tokens,
            parameters: model.parameters.clone(),
            features: model.features.clone(),
        })
    });
    Ok(Offer {
        models: models.collect::<Result<_, ConfigError>>()?,
        concurrency: concurrency(config, offered)?,
        gpu_tier: config.gpu_tier.as_deref().map(|tier| bounded("GPU tier", tier, 64)).transpose()?,
        region: config.region.as_deref().map(|region| bounded("region", region, 64)).transpose()?,
        price_floor: config.price_floor,
        accept: config.accept,
    })
}

fn concurrency(config: &Config, offered: &engine::Offer) -> Result<u16, ConfigError> {
    match config.concurrency {
        None => Ok(u16::try_from(offered.concurrency.clamp(1, MOST_JOBS)).unwrap_or(1)),
        Some(jobs) if (1..=MOST_JOBS).contains(&usize::from(jobs)) => Ok(jobs),
        Some(jobs) => Err(ConfigError::Concurrency(jobs)),
    }
}

fn bounded(what: &'static str, given: &str, limit: usize) -> Result<String, ConfigError> {
    if given.len() > limit {
        return Err(ConfigError::TooLong { what, given: given.to_owned(), limit });
    }
    Ok(given.to_owned())
}

const fn job_type(capability: Capability) -> JobType {
    match capability {
        Capability::LlmInfer => JobType::LlmInfer,
        Capability::Task => JobType::Task,
    }
}

/// What a worker offers, for a person who wonders why no job comes.
pub(crate) fn in_words(config: &Config, concurrency: u16) -> String {
    let offered = config.engines.offer();
    let list = |kind: &str, names: Vec<&str>| match names.len() {
        0 => None,
        1..=8 => Some(format!("{kind} {}", names.join(", "))),
        more => Some(format!("{kind} {} and {} more", names[..8].join(", "), more - 8)),
    };
    let models = list("the models", offered.models.iter().map(|model| model.name.as_str()).collect());
    let tasks = list("the tasks", offered.tasks.iter().map(|task| task.name()).collect());
    let what = [models, tasks].into_iter().flatten().collect::<Vec<_>>().join(" and ");
    let machine = match config.class {
        WorkerClass::Desktop => "a computer",
        WorkerClass::Handheld => "a phone",
    };
    let floor = config.price_floor.map(|floor| format!(", for at least {floor} minor units a job"));
    format!("{what}, on {machine}, {concurrency} at a time{}", floor.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Engines;
    use crate::engine::tasks::Tasks;
    use docket_protocol::frames::{FromWorker, decode_from_worker, encode};
    use docket_protocol::keys::SigningKey;
    use docket_protocol::wallet::WalletKey;
    use std::sync::Arc;

    fn config() -> Config {
        let engines = Engines::new(vec![Arc::new(Tasks)]).unwrap();
        Config::new("localhost:4010", SigningKey::from_seed(&[7; 32]), engines)
    }

    #[test]
    fn a_registration_is_readable_on_the_other_side() {
        let mut config = config();
        config.class = WorkerClass::Handheld;
        config.concurrency = Some(3);
        config.price_floor = Some(500);
        config.name = Some("attic".into());
        let frame = encode(&FromWorker::Register(Box::new(register(&config).unwrap())));
        let Ok(FromWorker::Register(read)) = decode_from_worker(&frame) else { panic!("{frame}") };
        assert!(read.prove);
        assert_eq!(read.provider_type, ProviderType::Seeker);
        assert_eq!(read.capabilities, [JobType::Task]);
        assert_eq!(read.agent.unwrap(), format!("{AGENT} (attic)"));
        let offer = read.offer.unwrap();
        assert_eq!((offer.concurrency, offer.price_floor, offer.accept), (3, Some(500), false));
        let words = "the tasks summarize, classify, extract_json, on a phone, 3 at a time, \
                     for at least 500 minor units a job";
        assert_eq!(in_words(&config, 3), words);
    }

    #[test]
    fn what_no_coordinator_would_read_is_refused_before_the_start() {
        let refused = |change: fn(&mut Config)| {
            let mut config = config();
            change(&mut config);
            register(&config).unwrap_err()
        };
        assert_eq!(refused(|config| config.concurrency = Some(0)), ConfigError::Concurrency(0));
        assert_eq!(refused(|config| config.concurrency = Some(257)), ConfigError::Concurrency(257));
        for tier in [0, 10] {
            let mut config = config();
            config.node =
                Some(NodeIdentity { wallet: WalletKey::from_bytes(&[7; 32]).unwrap(), gpu_tier: tier });
            assert_eq!(register(&config).unwrap_err(), ConfigError::GpuTier(tier));
        }
        let long = refused(|config| config.region = Some("r".repeat(65)));
        assert!(matches!(long, ConfigError::TooLong { what: "region", limit: 64, .. }), "{long:?}");
    }
}
