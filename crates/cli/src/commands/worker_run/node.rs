//! A worker as a node: its wallet, and the class of its hardware.

use anyhow::{Context, Result};
use docket_protocol::wallet::WalletKey;
use docket_worker::{NodeIdentity, identity};
use std::path::{Path, PathBuf};

/// Whether a worker is a node, and which.
#[derive(clap::Args)]
pub(super) struct NodeArgs {
    /// Enrol as a node, for jobs that ask for a class of hardware.
    #[arg(long, requires = "gpu_tier")]
    registry: bool,
    /// The class of this machine's hardware, from 1 to 3, the most.
    #[arg(long, value_name = "N", requires = "registry", value_parser = clap::value_parser!(u8).range(1..=3))]
    gpu_tier: Option<u8>,
    /// The file with the key of the node's wallet, as `docket agent key new` makes one
    /// [default: wallet.key in the folder of the worker's key, made on the first start].
    #[arg(long, value_name = "FILE", requires = "registry")]
    wallet: Option<PathBuf>,
}

impl NodeArgs {
    /// Who the worker with this folder is as a node, if it is one.
    pub(super) fn identity(&self, data: &Path) -> Result<Option<NodeIdentity>> {
        let Some(gpu_tier) = self.gpu_tier.filter(|_| self.registry) else { return Ok(None) };
        let node = match &self.wallet {
            Some(file) => NodeIdentity { wallet: load(file)?, gpu_tier },
            None => of_folder(data, gpu_tier)?,
        };
        Ok(Some(node))
    }
}

/// A node whose wallet's key lies in the folder of the worker's key, made on the first start.
pub(crate) fn of_folder(data: &Path, gpu_tier: u8) -> Result<NodeIdentity> {
    let wallet = identity::open_wallet(data);
    let wallet = wallet.with_context(|| format!("the key of the node's wallet in {}", data.display()))?;
    Ok(NodeIdentity { wallet, gpu_tier })
}

/// A file that was named must be there: a slip of the pen makes nobody a new node.
fn load(file: &Path) -> Result<WalletKey> {
    WalletKey::load(file).context("the key of the node's wallet; `docket agent key new --out FILE` makes one")
}
