//! What lies in a coordinator's data folder: the store, its key, the operator's token, an API key.

use anyhow::{Context, Result};
use docket_core::hash::Sha256;
use docket_protocol::keys::SigningKey;
use std::fs;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

/// A data folder.
#[derive(Clone, Debug)]
pub(crate) struct DataDir {
    path: PathBuf,
}

impl DataDir {
    /// The folder, made if it is not there. Only its owner may look into it.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        if !path.is_dir() {
            fs::create_dir_all(path)
                .with_context(|| format!("the data folder {} cannot be made", path.display()))?;
            restrict(path, 0o700)?;
        }
        Ok(Self { path: path.to_owned() })
    }

    /// The folder of a store that is there; nothing is made.
    pub(crate) fn existing(path: &Path) -> Result<Self> {
        let data = Self { path: path.to_owned() };
        let database = data.database();
        anyhow::ensure!(
            database.is_file(),
            "{} is not there: is {} a data folder?",
            database.display(),
            path.display()
        );
        Ok(data)
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The database.
    pub(crate) fn database(&self) -> PathBuf {
        self.path.join("docket.db")
    }

    /// The key that signs the log, made on the first start.
    pub(crate) fn coordinator_key(&self) -> Result<SigningKey> {
        self.key("coordinator.key")
    }

    fn key(&self, name: &str) -> Result<SigningKey> {
        let path = self.path.join(name);
        if path.exists() {
            return SigningKey::load(&path).with_context(|| format!("the key {}", path.display()));
        }
        let key = SigningKey::from_seed(&random()?);
        key.save(&path).with_context(|| format!("the key {}", path.display()))?;
        Ok(key)
    }

    /// The operator's token, made on the first start. It stands here for the commands on this machine.
    pub(crate) fn admin_token(&self) -> Result<String> {
        let path = self.path.join("admin.token");
        if path.exists() {
            let token = fs::read_to_string(&path).with_context(|| format!("{}", path.display()))?;
            return Ok(token.trim().to_owned());
        }
        let token = format!("docket_admin_{}", Sha256(random()?));
        write_secret(&path, &token)?;
        Ok(token)
    }

    /// What stands in the file of the API key that comes with `docket up`, if it is there.
    pub(crate) fn api_key(&self) -> Result<Option<String>> {
        let path = self.path.join(API_KEY);
        match fs::read_to_string(&path) {
            Ok(key) => Ok(Some(key.trim().to_owned())),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error).with_context(|| format!("{}", path.display())),
        }
    }

    /// Keeps that API key, in place of an earlier one.
    pub(crate) fn keep_api_key(&self, key: &str) -> Result<()> {
        let (path, new) = (self.path.join(API_KEY), self.path.join("api.key.new"));
        // What a start that was killed has left behind may have any mode.
        fs::remove_file(&new).ok();
        write_secret(&new, key)?;
        fs::rename(&new, &path).with_context(|| format!("{}", path.display()))
    }
}

/// The file of the API key that comes with `docket up`.
pub(crate) const API_KEY: &str = "api.key";

/// Makes a file that only its owner can read.
fn write_secret(path: &Path, secret: &str) -> Result<()> {
    let mut file = fs::OpenOptions::new();
    file.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut file, 0o600);
    let mut file = file.open(path).with_context(|| format!("{}", path.display()))?;
    writeln!(file, "{secret}")?;
    Ok(file.sync_all()?)
}

/// 32 bytes from the operating system.
pub(crate) fn random() -> Result<[u8; 32]> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).context("the operating system gives no random bytes")?;
    Ok(bytes)
}

#[cfg(unix)]
fn restrict(path: &Path, mode: u32) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    Ok(fs::set_permissions(path, fs::Permissions::from_mode(mode))?)
}

#[cfg(not(unix))]
fn restrict(_: &Path, _: u32) -> Result<()> {
    Ok(())
}
