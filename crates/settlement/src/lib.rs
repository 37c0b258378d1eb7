//! The networks where money settles. Nothing above this crate asks which one it is.

use docket_core::ledger::NetworkId;
use docket_core::money::Asset;
use docket_core::policy::Source;

/// The embedded network: the books themselves. What is written there is settled.
#[derive(Clone, Debug)]
pub struct Ledger {
    network: NetworkId,
    asset: Asset,
    coin: Asset,
    source: Source,
}

impl Ledger {
    /// The network `ledger:testnet`: whoever asks has test money minted for each hold. What is left
    /// of a hold goes back to where it came from, and test money is an asset of its own.
    pub fn testnet() -> Self {
        let network = NetworkId("ledger:testnet".into());
        Self {
            source: Source::Minted(network.clone()),
            network,
            asset: Asset::TEST_USDC,
            coin: Asset::TEST_ETH,
        }
    }

    /// The network `ledger:main`: clients spend what the operator has credited to them.
    pub fn main() -> Self {
        Self {
            network: NetworkId("ledger:main".into()),
            asset: Asset::USDC,
            coin: Asset::ETH,
            source: Source::Client,
        }
    }

    /// The network's name.
    pub const fn network(&self) -> &NetworkId {
        &self.network
    }

    /// What prices are counted in.
    pub const fn asset(&self) -> Asset {
        self.asset
    }

    /// What prices are counted in where a class of hardware is asked for.
    pub const fn coin(&self) -> Asset {
        self.coin
    }

    /// The asset of this name, if accounts hold it here.
    pub fn asset_named(&self, name: &str) -> Option<Asset> {
        [self.asset, self.coin].into_iter().find(|asset| asset.name() == name)
    }

    /// Where the money of a job comes from.
    pub const fn source(&self) -> &Source {
        &self.source
    }

    /// How a settlement is referred to: its place in the log, never an invented chain hash.
    pub fn reference(log_index: u64) -> String {
        format!("ledger:{log_index}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn test_money_is_an_asset_of_its_own() {
        let (test, main) = (Ledger::testnet(), Ledger::main());
        assert_ne!(test.asset(), main.asset());
        assert_ne!(test.coin(), main.coin());
        assert_eq!(main.asset_named("ETH"), Some(Asset::ETH));
        assert_eq!(main.asset_named("tETH"), None);
        assert_eq!(test.source(), &Source::Minted(NetworkId("ledger:testnet".into())));
        assert_eq!(main.source(), &Source::Client);
        assert_eq!(Ledger::reference(7), "ledger:7");
    }
}
