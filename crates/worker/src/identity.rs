//! The worker's key: made at the first start, the same ever after. Earnings and reputation belong to it.

use docket_protocol::keys::{KeyFileError, SigningKey};
use std::fs::DirBuilder;
use std::io;
use std::path::{Path, PathBuf};

/// The key's file in the data folder.
pub const KEY_FILE: &str = "worker.key";

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
    let path = data_dir.join(KEY_FILE);
    match SigningKey::load(&path) {
        Err(error) if is(&error, io::ErrorKind::NotFound) => {}
        loaded => return Ok(loaded?),
    }
    make_folder(data_dir).map_err(|source| IdentityError::Folder { path: data_dir.to_owned(), source })?;
    let key = generate()?;
    match key.save(&path) {
        Ok(()) => Ok(key),
        // Another process was faster; the key in the file is the one that stays.
        Err(error) if is(&error, io::ErrorKind::AlreadyExists) => Ok(SigningKey::load(&path)?),
        Err(error) => Err(error.into()),
    }
}

/// A new key that is kept nowhere.
pub fn generate() -> Result<SigningKey, IdentityError> {
    let mut seed = [0; 32];
    getrandom::fill(&mut seed).map_err(IdentityError::Entropy)?;
    Ok(SigningKey::from_seed(&seed))
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
    }

    #[cfg(unix)]
    #[test]
    fn nobody_else_can_read_a_key() {
        use std::os::unix::fs::PermissionsExt;
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("worker");
        open(&folder).unwrap();
        let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&folder), mode(&folder.join(KEY_FILE))), (0o700, 0o600));
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
