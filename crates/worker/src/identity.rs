//! The worker's key, and its wallet if it is a node: made at the first start, the same ever after. Earnings and reputation
//! belong to them.

use docket_protocol::keys::{KeyFileError, SigningKey};
use docket_protocol::wallet::WalletKey;
use std::fs::DirBuilder;
use std::io;
use std::path::{Path, PathBuf};

/// The key's file in the data folder.
pub const KEY_FILE: &str = "worker.key";

/// The file of the wallet's key in the data folder.
pub const WALLET_FILE: &str = "wallet.key";

/// Why a worker has no key.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// The folder cannot be made.
    #[error("cannot make the folder {path}: {source}")]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file cannot be read or written, or holds no key.
    #[error(transparent)]
    File(#[from] KeyFileError),
    /// The system gave no random numbers.
    #[error("the system gave no random numbers for a key: {0}")]
    Entropy(getrandom::Error),
}

/// Reads the key from a data folder. Where there is none, makes one; the folder too, for its owner only.
pub fn open(data_dir: &Path) -> Result<SigningKey, IdentityError> {
    open_file(data_dir, KEY_FILE, SigningKey::load, generate, SigningKey::save)
}

/// The same for the key of a node's wallet: its address is the node's name.
pub fn open_wallet(data_dir: &Path) -> Result<WalletKey, IdentityError> {
    open_file(data_dir, WALLET_FILE, WalletKey::load, generate_wallet, WalletKey::save)
}

fn open_file<K>(
    data_dir: &Path,
    name: &str,
    load: impl Fn(&Path) -> Result<K, KeyFileError>,
    generate: impl FnOnce() -> Result<K, IdentityError>,
    save: impl FnOnce(&K, &Path) -> Result<(), KeyFileError>,
) -> Result<K, IdentityError> {
    let path = data_dir.join(name);
    match load(&path) {
        Err(error) if is(&error, io::ErrorKind::NotFound) => {}
        loaded => return Ok(loaded?),
    }
    make_folder(data_dir).map_err(|source| IdentityError::Folder { path: data_dir.to_owned(), source })?;
    let key = generate()?;
    match save(&key, &path) {
        Ok(()) => Ok(key),
        // Another process was faster; the key in the file is the one that stays.
        Err(error) if is(&error, io::ErrorKind::AlreadyExists) => Ok(load(&path)?),
        Err(error) => Err(error.into()),
    }
}

/// A new key that is kept nowhere.
pub fn generate() -> Result<SigningKey, IdentityError> {
    Ok(SigningKey::from_seed(&random()?))
}

/// The same for a wallet. Nearly all bytes are a key.
fn generate_wallet() -> Result<WalletKey, IdentityError> {
    loop {
        if let Ok(key) = WalletKey::from_bytes(&random()?) {
            return Ok(key);
        }
    }
}

fn random() -> Result<[u8; 32], IdentityError> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(IdentityError::Entropy)?;
    Ok(bytes)
}

fn is(error: &KeyFileError, kind: io::ErrorKind) -> bool {
    matches!(error, KeyFileError::Io { source, .. } if source.kind() == kind)
}

fn make_folder(path: &Path) -> io::Result<()> {
    let mut folder = DirBuilder::new();
    folder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut folder, 0o700);
    folder.create(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_made_once_and_found_again() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("a/worker");
        let first = open(&folder).unwrap();
        assert_eq!(open(&folder).unwrap().public_key(), first.public_key());
        assert_ne!(generate().unwrap().public_key(), first.public_key());
        let wallet = open_wallet(&folder).unwrap();
        assert_eq!(open_wallet(&folder).unwrap().address(), wallet.address());
    }

    #[cfg(unix)]
    #[test]
    fn nobody_else_can_read_a_key() {
        use std::os::unix::fs::PermissionsExt;
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("worker");
        open(&folder).unwrap();
        open_wallet(&folder).unwrap();
        let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
        let files = [KEY_FILE, WALLET_FILE].map(|name| mode(&folder.join(name)));
        assert_eq!((mode(&folder), files), (0o700, [0o600; 2]));
    }

    #[test]
    fn what_is_no_key_is_never_replaced() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join(KEY_FILE);
        std::fs::write(&path, "not a key").unwrap();
        assert!(matches!(open(home.path()), Err(IdentityError::File(_))));
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "not a key");
        let below_a_file = open(&path.join("deeper"));
        assert!(below_a_file.is_err(), "{below_a_file:?}");
    }
}
