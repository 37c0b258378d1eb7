//! The coordinator's settings: defaults, then `docket.toml`, then `DOCKET_*`, then flags.

use crate::telemetry::LogFormat;
use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// The effective settings of a coordinator.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Config {
    /// Where to listen; port 0 takes any.
    pub(crate) listen: SocketAddr,
    /// The data folder.
    pub(crate) data: PathBuf,
    /// A PostgreSQL database in place of the embedded one: `postgres://user:password@host/name`. It is never printed.
    #[serde(skip_serializing)]
    pub(crate) database: Option<Secret>,
    /// Whether money is test money that is minted for each job.
    pub(crate) testnet: bool,
    /// Whether workers without a proven key are let in, on loopback.
    pub(crate) allow_unproven_workers: bool,
    /// The log's name.
    pub(crate) origin: String,
    /// How long a shutdown waits for running jobs, in seconds.
    pub(crate) drain_seconds: u64,
    /// How logs are written.
    pub(crate) log_format: LogFormat,
    /// The largest body of a request, in bytes.
    pub(crate) max_body_bytes: usize,
    /// How many connections may be open.
    pub(crate) max_connections: usize,
    /// How many requests a second one address may make on the open routes; 0 is no bound. Without a setting there is a bound where other machines are listened to, and none on loopback.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) rate_per_second: Option<u32>,
    /// How many requests one address may make at once before the rate counts.
    pub(crate) rate_burst: u32,
    /// How near the addresses may be to which webhooks are sent: `public`, `loopback` or `private`.
    pub(crate) webhooks_to: docket_api::Reach,
    /// What inference costs in credits.
    pub(crate) credits: docket_api::PriceList,
    /// How agents hire each other.
    pub(crate) agents: docket_api::AgentTerms,
    /// Which models nodes can be asked for.
    pub(crate) registry: docket_api::RegistryTerms,
}

/// A text that is never shown.
#[derive(Clone, Deserialize)]
pub(crate) struct Secret(pub(crate) String);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("(secret)")
    }
}

impl Default for Config {
    fn default() -> Self {
        let limits = docket_api::Limits::default();
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 4010)),
            data: PathBuf::from("./docket-data"),
            database: None,
            testnet: false,
            allow_unproven_workers: false,
            origin: "docket.local/log".to_owned(),
            drain_seconds: 30,
            log_format: LogFormat::Text,
            max_body_bytes: limits.body,
            max_connections: limits.connections,
            rate_per_second: None,
            rate_burst: limits.rate_burst,
            webhooks_to: docket_api::Reach::default(),
            credits: docket_api::PriceList::default(),
            agents: docket_api::AgentTerms::default(),
            registry: docket_api::RegistryTerms::default(),
        }
    }
}

impl Config {
    /// Reads a file; without a name, `docket.toml` in this folder if there is one.
    pub(crate) fn read(file: Option<&Path>) -> Result<Self> {
        let path = match file {
            Some(path) => path,
            None if Path::new("docket.toml").is_file() => Path::new("docket.toml"),
            None => return Ok(Self::default()),
        };
        let text = std::fs::read_to_string(path).with_context(|| format!("{}", path.display()))?;
        toml::from_str(&text).with_context(|| format!("{} is not a valid configuration", path.display()))
    }

    /// Refuses what cannot work.
    pub(crate) fn check(&self) -> Result<()> {
        let limits = 1024..=64 * 1024 * 1024;
        if !limits.contains(&self.max_body_bytes) {
            bail!("max_body_bytes must be 1024 to {}", limits.end());
        }
        if self.max_connections == 0 {
            bail!("max_connections must be at least 1");
        }
        if let Some(tier) = self.credits.missing_tier() {
            bail!("credits: the tier {tier:?} has no price; give it one in [credits.tiers.{tier}]");
        }
        if self.credits.covered_tokens == 0 {
            bail!("credits.covered_tokens must be at least 1");
        }
        if self.credits.share_bps.max(self.credits.staked_share_bps) > 10_000 {
            bail!("credits.share_bps and credits.staked_share_bps are at most 10000, which is the whole");
        }
        if self.credits.stake_threshold == 0 {
            bail!("credits.stake_threshold must be at least 1, or everybody would have a stake");
        }
        if self.agents.snapshot_seconds == 0 {
            bail!(
                "agents.snapshot_seconds must be at least 1, or whoever asks would write a snapshot each time"
            );
        }
        if let Some((model, fault)) = self.registry.fault() {
            bail!("registry.models.{model}: {fault}");
        }
        let sound = |byte: u8| byte.is_ascii_graphic() && byte != b'+';
        if self.origin.is_empty() || !self.origin.bytes().all(sound) {
            bail!("origin must be a name without spaces and plus signs, such as market.example/log");
        }
        Ok(())
    }
}
