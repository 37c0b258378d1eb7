//! Bundles of entries (C2SP tlog-tiles): each entry behind its length in two bytes, the high one first.

/// Entries cannot be put into a bundle, or bytes are not one.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum EntriesError {
    /// An entry has more than 65,535 bytes.
    #[error("an entry of {0} bytes is too long for a bundle")]
    EntryTooLong(usize),
    /// A bundle has at most 256 entries.
    #[error("more than 256 entries in a bundle")]
    TooMany,
    /// The bytes end within an entry.
    #[error("the bundle ends within an entry")]
    CutOff,
}

/// The bundle of up to 256 consecutive entries.
pub fn encode_entries<E: AsRef<[u8]>>(entries: &[E]) -> Result<Vec<u8>, EntriesError> {
    if entries.len() > 256 {
        return Err(EntriesError::TooMany);
    }
    let mut bundle = Vec::new();
    for entry in entries.iter().map(AsRef::as_ref) {
        let length = u16::try_from(entry.len()).map_err(|_| EntriesError::EntryTooLong(entry.len()))?;
        bundle.extend_from_slice(&length.to_be_bytes());
        bundle.extend_from_slice(entry);
    }
    Ok(bundle)
}

/// The entries of a bundle.
pub fn decode_entries(mut bundle: &[u8]) -> Result<Vec<&[u8]>, EntriesError> {
    let mut entries = Vec::new();
    while !bundle.is_empty() {
        if entries.len() == 256 {
            return Err(EntriesError::TooMany);
        }
        let (length, rest) = bundle.split_first_chunk().ok_or(EntriesError::CutOff)?;
        let length = usize::from(u16::from_be_bytes(*length));
        let (entry, rest) = rest.split_at_checked(length).ok_or(EntriesError::CutOff)?;
        entries.push(entry);
        bundle = rest;
    }
    Ok(entries)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bundle_gives_its_entries_back() {
        let entries: [&[u8]; 3] = [b"abc", b"", &[7; 65_535]];
        let bundle = encode_entries(&entries).unwrap();
        assert_eq!(bundle[..7], *b"\x00\x03abc\x00\x00");
        assert_eq!(decode_entries(&bundle).unwrap(), entries);
        assert_eq!(decode_entries(b"").unwrap(), Vec::<&[u8]>::new());
    }

    #[test]
    fn a_bundle_is_refused_beyond_its_bounds() {
        assert_eq!(encode_entries(&[[0; 65_536]]), Err(EntriesError::EntryTooLong(65_536)));
        assert_eq!(encode_entries(&[b"a"; 257]), Err(EntriesError::TooMany));
        assert_eq!(decode_entries(&[0; 2 * 257]), Err(EntriesError::TooMany));
        assert_eq!(decode_entries(b"\x00"), Err(EntriesError::CutOff));
        assert_eq!(decode_entries(b"\x00\x02a"), Err(EntriesError::CutOff));
    }
}
