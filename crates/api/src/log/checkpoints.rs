//! Signs the log, once for each size that somebody asks for.

use docket_core::merkle::Hash;
use docket_protocol::keys::SigningKey;
use docket_protocol::log::{Checkpoint, NoteError, VerifierKey};
use std::sync::{Arc, Mutex, PoisonError};

/// The log's key, and the last checkpoint that it signed.
pub(crate) struct Checkpoints {
    key: SigningKey,
    verifier: VerifierKey,
    last: Mutex<Option<Arc<Signed>>>,
}

/// A checkpoint as its note.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Signed {
    /// How many entries it covers.
    pub(crate) size: u64,
    /// The signed note.
    pub(crate) note: String,
}

impl Checkpoints {
    /// Fails if the origin cannot be the name of a key.
    pub(crate) fn new(key: SigningKey, origin: &str) -> Result<Self, NoteError> {
        let verifier = VerifierKey::new(origin, key.public_key())?;
        Ok(Self { key, verifier, last: Mutex::default() })
    }

    /// What a reader pins.
    pub(crate) const fn verifier(&self) -> &VerifierKey {
        &self.verifier
    }

    /// A signature over something else in base64. What is signed begins with what no note of a checkpoint does: the log's
    /// name is followed by a line's end, and this by a full stop and seconds.
    pub(crate) fn sign(&self, message: &[u8]) -> String {
        self.key.sign(message).to_string()
    }

    /// The checkpoint of a durable log. The same size always has the same checkpoint.
    pub(crate) fn newest(&self, (size, root): (u64, Hash)) -> Arc<Signed> {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        match &*last {
            // A caller that read the size before another did gets the newer one.
            Some(signed) if signed.size >= size => signed.clone(),
            _ => {
                let checkpoint = Checkpoint { origin: self.verifier.name().to_owned(), size, root };
                let note = checkpoint.sign(&self.key).expect("the origin was checked to be a key's name");
                let signed = Arc::new(Signed { size, note });
                *last = Some(signed.clone());
                signed
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_is_signed_once_and_never_goes_back() {
        let checkpoints = Checkpoints::new(SigningKey::from_seed(&[1; 32]), "market.example/log").unwrap();
        let first = checkpoints.newest((3, [7; 32]));
        assert!(Arc::ptr_eq(&first, &checkpoints.newest((3, [7; 32]))));
        let second = checkpoints.newest((5, [8; 32]));
        assert!(Arc::ptr_eq(&second, &checkpoints.newest((3, [7; 32]))));
        let opened = Checkpoint::open(&second.note, checkpoints.verifier()).unwrap();
        assert_eq!((opened.size, opened.root), (5, [8; 32]));
    }

    #[test]
    fn an_origin_that_cannot_name_a_key_is_refused() {
        assert!(Checkpoints::new(SigningKey::from_seed(&[1; 32]), "a log").is_err());
    }
}
