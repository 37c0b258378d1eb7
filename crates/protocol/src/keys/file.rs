//! A secret key in a file: 64 hexadecimal digits and a newline, readable by its owner only.

use super::SigningKey;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// A key's file cannot be read or made.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    /// The system refused; for [`SigningKey::save`] also that the file exists already.
    #[error("key file {path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Others may read or write the file, so the key may no longer be secret.
    #[error(
        "key file {path} is open to others (mode {mode:03o}); if nobody has read it, run: chmod 600 {path}"
    )]
    OpenToOthers {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The content is no key.
    #[error("key file {path} does not hold a key of 64 hexadecimal digits")]
    Malformed {
        /// The file.
        path: PathBuf,
    },
}

impl SigningKey {
    /// Reads a key. Refuses a file that anybody but its owner may read or write.
    pub fn load(path: &Path) -> Result<Self, KeyFileError> {
        Ok(Self::from_seed(&*read(path)?))
    }

    /// Writes the key into a new file with mode 0600. Never writes over a file. Durable when it returns.
    pub fn save(&self, path: &Path) -> Result<(), KeyFileError> {
        write(path, self.0.as_bytes())
    }
}

/// The 32 bytes that stand in a file which is open to its owner alone.
pub(crate) fn read(path: &Path) -> Result<Zeroizing<[u8; 32]>, KeyFileError> {
    let failed = |source| KeyFileError::Io { path: path.to_owned(), source };
    let file = File::open(path).map_err(failed)?;
    refuse_open_to_others(path, &file)?;
    let mut text = Zeroizing::new(String::with_capacity(128));
    file.take(128).read_to_string(&mut text).map_err(failed)?;
    let mut bytes = Zeroizing::new([0; 32]);
    hex::decode_to_slice(text.trim_ascii_end(), bytes.as_mut_slice())
        .map_err(|_| KeyFileError::Malformed { path: path.to_owned() })?;
    Ok(bytes)
}

/// Writes 32 bytes into a new file that is open to its owner alone. Durable when it returns.
pub(crate) fn write(path: &Path, bytes: &[u8; 32]) -> Result<(), KeyFileError> {
    let failed = |source| KeyFileError::Io { path: path.to_owned(), source };
    let mut text = Zeroizing::new([b'\n'; 65]);
    hex::encode_to_slice(bytes, &mut text[..64]).expect("32 bytes are 64 digits");
    let mut file = owner_only().write(true).create_new(true).open(path).map_err(failed)?;
    file.write_all(text.as_slice()).and_then(|()| file.sync_all()).map_err(failed)
}

#[cfg(unix)]
fn refuse_open_to_others(path: &Path, file: &File) -> Result<(), KeyFileError> {
    use std::os::unix::fs::PermissionsExt;
    let failed = |source| KeyFileError::Io { path: path.to_owned(), source };
    let mode = file.metadata().map_err(failed)?.permissions().mode() & 0o777;
    if mode & 0o077 == 0 { Ok(()) } else { Err(KeyFileError::OpenToOthers { path: path.to_owned(), mode }) }
}

#[cfg(unix)]
fn owner_only() -> OpenOptions {
    use std::os::unix::fs::OpenOptionsExt;
    let mut options = OpenOptions::new();
    options.mode(0o600);
    options
}

/// Elsewhere a file has no such bits: it has the rights of its folder.
#[cfg(not(unix))]
fn refuse_open_to_others(_: &Path, _: &File) -> Result<(), KeyFileError> {
    Ok(())
}

#[cfg(not(unix))]
fn owner_only() -> OpenOptions {
    OpenOptions::new()
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_saved_key_is_its_owners_and_reads_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("worker.key");
        let key = SigningKey::from_seed(&[7; 32]);
        key.save(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_to_string(&path).unwrap(), "07".repeat(32) + "\n");
        assert_eq!(SigningKey::load(&path).unwrap().public_key(), key.public_key());
    }

    #[test]
    fn a_key_is_never_written_over_another() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("worker.key");
        SigningKey::from_seed(&[7; 32]).save(&path).unwrap();
        let again = SigningKey::from_seed(&[8; 32]).save(&path).unwrap_err();
        assert!(
            matches!(again, KeyFileError::Io { source, .. } if source.kind() == io::ErrorKind::AlreadyExists)
        );
        assert_eq!(fs::read_to_string(&path).unwrap(), "07".repeat(32) + "\n");
    }

    #[test]
    fn a_file_that_others_may_read_is_refused_in_words() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("worker.key");
        SigningKey::from_seed(&[7; 32]).save(&path).unwrap();
        for mode in [0o640, 0o604, 0o620, 0o601] {
            fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
            let words = SigningKey::load(&path).unwrap_err().to_string();
            assert!(words.contains(&format!("open to others (mode {mode:o})")), "{words}");
            assert!(words.contains("chmod 600"), "{words}");
        }
    }

    #[test]
    fn what_is_no_key_is_refused_without_repeating_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("worker.key");
        for text in ["", "07", &"0g".repeat(32), &"07".repeat(33), &"07".repeat(1000)] {
            fs::write(&path, text).unwrap();
            fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
            let refused = SigningKey::load(&path).unwrap_err();
            assert!(matches!(refused, KeyFileError::Malformed { .. }), "{text}");
        }
        let missing = SigningKey::load(&folder.path().join("none")).unwrap_err();
        assert!(matches!(missing, KeyFileError::Io { .. }));
    }

    #[test]
    fn a_secret_is_never_printed() {
        let key = SigningKey::from_seed(&[7; 32]);
        assert!(!format!("{key:?}").contains("0707"));
    }
}
