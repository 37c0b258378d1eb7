//! Paths of tiles (C2SP tlog-tiles): `/tile/0/x001/x234/067.p/8`. Each tile has one path.

use docket_core::merkle::{TILE_WIDTH, Tile};
use std::fmt;
use std::str::FromStr;

/// What a path below `/tile/` names.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TilePath {
    /// Hashes of the tree.
    Hashes(Tile),
    /// A bundle of entries.
    Entries {
        /// Counts the bundles.
        index: u64,
        /// How many entries: 256, or fewer at the end of the log.
        width: u16,
    },
}

/// A path names no tile.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("no path of a tile")]
pub struct NoTilePath;

impl fmt::Display for TilePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (index, width) = match self {
            Self::Hashes(tile) => {
                write!(f, "/tile/{}", tile.level)?;
                (tile.index, tile.width)
            }
            Self::Entries { index, width } => {
                f.write_str("/tile/entries")?;
                (*index, *width)
            }
        };
        let digits = index.to_string();
        let groups = digits.len().div_ceil(3);
        let padded = format!("{digits:0>width$}", width = groups * 3);
        for group in 0..groups {
            let x = if group + 1 < groups { "x" } else { "" };
            write!(f, "/{x}{}", &padded[group * 3..group * 3 + 3])?;
        }
        if u64::from(width) < TILE_WIDTH { write!(f, ".p/{width}") } else { Ok(()) }
    }
}

impl FromStr for TilePath {
    type Err = NoTilePath;

    fn from_str(path: &str) -> Result<Self, NoTilePath> {
        // Read loosely: writing it again tells whether this is the one path of the tile.
        let read = read(path).ok_or(NoTilePath)?;
        if read.to_string() == path { Ok(read) } else { Err(NoTilePath) }
    }
}

fn read(path: &str) -> Option<TilePath> {
    let (kind, rest) = path.strip_prefix("/tile/")?.split_once('/')?;
    let (index, width) = match rest.split_once(".p/") {
        Some((index, width)) => (index, width.parse().ok().filter(|width| (1..256).contains(width))?),
        None => (rest, 256),
    };
    let digits: String = index.chars().filter(char::is_ascii_digit).collect();
    let index = digits.parse().ok()?;
    if kind == "entries" {
        return Some(TilePath::Entries { index, width });
    }
    let level = kind.parse().ok().filter(|level| *level < 64)?;
    Some(TilePath::Hashes(Tile { level, index, width }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn paths_are_those_of_the_specification() {
        let hashes = |level, index, width| TilePath::Hashes(Tile { level, index, width });
        for (path, tile) in [
            ("/tile/0/000", hashes(0, 0, 256)),
            ("/tile/0/x001/x234/067", hashes(0, 1_234_067, 256)),
            ("/tile/63/x001/000.p/255", hashes(63, 1000, 255)),
            ("/tile/entries/999.p/1", TilePath::Entries { index: 999, width: 1 }),
            ("/tile/0/x018/x446/x744/x073/x709/x551/615", hashes(0, u64::MAX, 256)),
        ] {
            assert_eq!(tile.to_string(), path);
            assert_eq!(path.parse(), Ok(tile));
        }
    }

    #[test]
    fn every_other_spelling_is_refused() {
        for path in [
            "",
            "/tile",
            "/tile/0",
            "/tile/0/",
            "tile/0/000",
            "/tile/00/000",
            "/tile/64/000",
            "/tile/-1/000",
            "/tile/+1/000",
            "/tile/0/0",
            "/tile/0/0000",
            "/tile/0/x000/001",
            "/tile/0/001/234",
            "/tile/0/x001",
            "/tile/0/x001/234/",
            "/tile/0/000.p/0",
            "/tile/0/000.p/01",
            "/tile/0/000.p/256",
            "/tile/0/000.p/",
            "/tile/0/000.p/1/",
            "/tile/0/../0/000",
            "/tile/0/x018/x446/x744/x073/x709/x551/616",
            "/tile/Entries/000",
            "/tile/0/٠٠٠",
        ] {
            assert_eq!(path.parse::<TilePath>(), Err(NoTilePath), "{path}");
        }
    }

    proptest! {
        #[test]
        fn every_tile_reads_back(level in 0_u8..64, index: u64, width in 1_u16..=256) {
            for tile in [TilePath::Hashes(Tile { level, index, width }), TilePath::Entries { index, width }] {
                prop_assert_eq!(tile.to_string().parse(), Ok(tile));
            }
        }
    }
}
