//! Signed notes (C2SP signed-note): a text, an empty line, and lines that sign the text with Ed25519.

use crate::keys::{PublicKey, Signature, SigningKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};
use std::fmt;
use std::str::FromStr;

/// The kind of key, first byte of its published form: Ed25519 over the text of the note.
const ED25519: u8 = 1;

/// The largest note that is read, with room for the signatures of many witnesses.
const MAX_NOTE_BYTES: usize = 64 * 1024;

/// A note or a verifier's key cannot be accepted.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum NoteError {
    /// The form of the note is broken.
    #[error("not a signed note")]
    Malformed,
    /// No line is by the expected key.
    #[error("not signed by {0}")]
    NotSigned(String),
    /// A line names the expected key, but its signature is not valid for this text.
    #[error("the signature of {0} is not valid")]
    BadSignature(String),
    /// Not `name+keyid+base64`, or the key id does not belong to name and key.
    #[error("not a verifier key of the form name+keyid+key")]
    NotAVerifierKey,
    /// Empty, or with a space, a plus sign or a control character.
    #[error("not a name for a key")]
    NotAName,
}

/// A name with the public key whose signatures under that name are accepted.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct VerifierKey {
    name: String,
    key: PublicKey,
}

impl VerifierKey {
    /// The name is non-empty, without spaces, plus signs and control characters.
    pub fn new(name: &str, key: PublicKey) -> Result<Self, NoteError> {
        let bad = |c: char| c.is_whitespace() || c.is_control() || c == '+';
        if name.is_empty() || name.chars().any(bad) {
            return Err(NoteError::NotAName);
        }
        Ok(Self { name: name.to_owned(), key })
    }

    /// The name that stands on signature lines; of a log, its origin.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The key itself.
    pub fn key(&self) -> &PublicKey {
        &self.key
    }

    /// The four bytes that stand before each signature, so that a reader finds the line of its key.
    fn id(&self) -> [u8; 4] {
        let digest = Sha256::new()
            .chain_update(&self.name)
            .chain_update([b'\n', ED25519])
            .chain_update(self.key.as_bytes())
            .finalize();
        [digest[0], digest[1], digest[2], digest[3]]
    }
}

impl fmt::Display for VerifierKey {
    /// The published form: `name+keyid+base64(type, key)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = [&[ED25519][..], self.key.as_bytes()].concat();
        write!(f, "{}+{}+{}", self.name, hex::encode(self.id()), STANDARD.encode(key))
    }
}

impl FromStr for VerifierKey {
    type Err = NoteError;

    fn from_str(text: &str) -> Result<Self, NoteError> {
        let malformed = NoteError::NotAVerifierKey;
        let mut parts = text.splitn(3, '+');
        let name = parts.next().unwrap_or_default();
        let encoded = parts.nth(1).ok_or(malformed.clone())?;
        let bytes = STANDARD.decode(encoded).map_err(|_| malformed.clone())?;
        let key = match bytes.split_first() {
            Some((&ED25519, key)) => key.try_into().map_err(|_| malformed.clone())?,
            _ => return Err(malformed),
        };
        let key = PublicKey::from_bytes(key).map_err(|_| malformed.clone())?;
        let verifier = Self::new(name, key)?;
        // Writing it again also checks the key id.
        if verifier.to_string() == text { Ok(verifier) } else { Err(malformed) }
    }
}

/// Signs a text as a note. The text must end with a newline and have no other control characters.
pub fn sign_note(text: &str, name: &str, key: &SigningKey) -> Result<String, NoteError> {
    if !is_note_text(text) {
        return Err(NoteError::Malformed);
    }
    let id = VerifierKey::new(name, key.public_key())?.id();
    let signed = [&id[..], &key.sign(text.as_bytes()).0].concat();
    Ok(format!("{text}\n— {name} {}\n", STANDARD.encode(signed)))
}

/// Gives the text of a note, provided that it is signed by `verifier`. Lines by other keys are passed over.
pub fn open_note<'n>(note: &'n str, verifier: &VerifierKey) -> Result<&'n str, NoteError> {
    let (text, lines) = split_note(note)?;
    let mut signed = false;
    for line in lines.lines() {
        let (name, bytes) = signature_line(line).ok_or(NoteError::Malformed)?;
        if name != verifier.name || bytes[..4] != verifier.id() {
            continue;
        }
        let signature = bytes[4..].try_into().map(Signature);
        if !signature.is_ok_and(|signature| verifier.key.verify(text.as_bytes(), &signature)) {
            return Err(NoteError::BadSignature(verifier.name.clone()));
        }
        signed = true;
    }
    if signed { Ok(text) } else { Err(NoteError::NotSigned(verifier.name.clone())) }
}

/// The text and the lines of signatures, of which none was verified.
pub(super) fn split_note(note: &str) -> Result<(&str, &str), NoteError> {
    if note.len() > MAX_NOTE_BYTES || !is_note_text(note) {
        return Err(NoteError::Malformed);
    }
    let at = note.rfind("\n\n").ok_or(NoteError::Malformed)?;
    let (text, lines) = (&note[..=at], &note[at + 2..]);
    if lines.is_empty() { Err(NoteError::Malformed) } else { Ok((text, lines)) }
}

fn is_note_text(text: &str) -> bool {
    text.ends_with('\n') && !text.bytes().any(|byte| byte < b' ' && byte != b'\n')
}

/// The name, and the bytes of key id and signature.
fn signature_line(line: &str) -> Option<(&str, Vec<u8>)> {
    let (name, encoded) = line.strip_prefix("— ")?.split_once(' ')?;
    let bytes = STANDARD.decode(encoded).ok()?;
    (!name.is_empty() && bytes.len() > 4).then_some((name, bytes))
}
