//! Checkpoints (C2SP tlog-checkpoint): size and root of the log at one moment, signed by who keeps it.

use super::note::{NoteError, VerifierKey, open_note, sign_note, split_note};
use crate::fields::decimal;
use crate::keys::SigningKey;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use docket_core::merkle::{Hash, leaf_hash, verify_consistency, verify_inclusion};

/// What the log was at one moment.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Checkpoint {
    /// Which log. Also the name of the key that signs its checkpoints.
    pub origin: String,
    /// How many entries it had.
    pub size: u64,
    /// The root over them.
    pub root: Hash,
}

/// A checkpoint cannot be accepted.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum CheckpointError {
    /// The note around it.
    #[error(transparent)]
    Note(#[from] NoteError),
    /// The text is not origin, size and root.
    #[error("not a checkpoint")]
    Malformed,
    /// The right key signed it, but for another log.
    #[error("the checkpoint is of the log {0}")]
    OtherLog(String),
}

impl Checkpoint {
    /// The text that is signed: three lines.
    pub fn text(&self) -> String {
        format!("{}\n{}\n{}\n", self.origin, self.size, STANDARD.encode(self.root))
    }

    /// Signs it under the name of the log. Fails only if the origin cannot be the name of a key.
    pub fn sign(&self, key: &SigningKey) -> Result<String, NoteError> {
        sign_note(&self.text(), &self.origin, key)
    }

    /// Reads a signed checkpoint, provided that the log named by `verifier` signed it with that key.
    pub fn open(note: &str, verifier: &VerifierKey) -> Result<Self, CheckpointError> {
        let checkpoint = Self::from_text(open_note(note, verifier)?)?;
        if checkpoint.origin != verifier.name() {
            return Err(CheckpointError::OtherLog(checkpoint.origin));
        }
        Ok(checkpoint)
    }

    /// Reads what a checkpoint says, and verifies nothing.
    pub fn read_unverified(note: &str) -> Result<Self, CheckpointError> {
        Self::from_text(split_note(note)?.0)
    }

    fn from_text(text: &str) -> Result<Self, CheckpointError> {
        let mut lines = text.lines();
        let mut line = || lines.next().filter(|line| !line.is_empty()).ok_or(CheckpointError::Malformed);
        let (origin, size, root) = (line()?, line()?, line()?);
        // Extension lines are allowed, and mean nothing here.
        if lines.any(str::is_empty) {
            return Err(CheckpointError::Malformed);
        }
        let root = STANDARD.decode(root).ok().and_then(|root| root.try_into().ok());
        Ok(Self {
            origin: origin.to_owned(),
            size: decimal::parse(size).ok_or(CheckpointError::Malformed)?,
            root: root.ok_or(CheckpointError::Malformed)?,
        })
    }
}

/// A proof does not show what it should.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ProofError {
    /// The entry would stand behind the end of the log.
    #[error("the log has only {0} entries")]
    OutsideOfLog(u64),
    /// The proof does not lead to the root.
    #[error("the proof does not lead to the root of the log")]
    OtherRoot,
    /// The checkpoints are of two logs.
    #[error("the checkpoints are of two logs")]
    OtherLog,
    /// A log only grows, and this one has lost entries.
    #[error("the log has shrunk from {0} to {1} entries")]
    Shrunk(u64, u64),
    /// Two checkpoints of one size with two roots: whoever signed both has lied to somebody.
    #[error("the log has two roots for the size {0}")]
    Forked(u64),
}

/// Checks that an entry stands at `index` in the log of a checkpoint.
pub fn check_inclusion(
    entry: &[u8],
    index: u64,
    proof: &[Hash],
    checkpoint: &Checkpoint,
) -> Result<(), ProofError> {
    if index >= checkpoint.size {
        return Err(ProofError::OutsideOfLog(checkpoint.size));
    }
    let holds = verify_inclusion(&leaf_hash(entry), index, checkpoint.size, proof, &checkpoint.root);
    if holds { Ok(()) } else { Err(ProofError::OtherRoot) }
}

/// Checks that the log of `new` begins with all that the log of `old` had.
pub fn check_consistency(old: &Checkpoint, new: &Checkpoint, proof: &[Hash]) -> Result<(), ProofError> {
    if old.origin != new.origin {
        return Err(ProofError::OtherLog);
    }
    if new.size < old.size {
        return Err(ProofError::Shrunk(old.size, new.size));
    }
    if new.size == old.size && new.root != old.root {
        return Err(ProofError::Forked(old.size));
    }
    let holds = verify_consistency(old.size, new.size, &old.root, &new.root, proof);
    if holds { Ok(()) } else { Err(ProofError::OtherRoot) }
}
