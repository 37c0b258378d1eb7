//! Asks a log for its key, its newest checkpoint, and the proof that it only grew.

use anyhow::{Context, Result, bail};
use docket_core::merkle::Plan;
use docket_protocol::log::{Checkpoint, TilePath};
use docket_protocol::receipt::Bundle;
use docket_protocol::verify::{Pins, Seen};
use reqwest::Url;
use std::collections::BTreeMap;
use std::time::Duration;

/// How long the log may take for each answer.
const PATIENCE: Duration = Duration::from_secs(20);
/// More than any note or tile has.
const MOST: usize = 64 * 1024;

/// Pins the log's newest checkpoint, and its key where the reader knows none.
pub(super) async fn pin(url: &Url, bundle: &Bundle, pins: &mut Pins) -> Result<()> {
    let log = Log { http: reqwest::Client::builder().timeout(PATIENCE).build()?, url };
    if pins.coordinator_vkey.is_none() {
        let text = log.text("/log/vkey").await?;
        pins.coordinator_vkey = Some(text.trim().parse().context("its key")?);
    }
    let key = pins.coordinator_vkey.as_ref().context("a key was pinned just now")?;
    let newest = Checkpoint::open(&log.text("/checkpoint").await?, key).context("its checkpoint")?;
    let in_bundle = bundle.log.as_ref().map(|log| Checkpoint::read_unverified(&log.checkpoint));
    let proof = match in_bundle {
        Some(Ok(known)) => log.consistency(known.size.min(newest.size), known.size.max(newest.size)).await?,
        // The verdict says what is wrong with the bundle's own checkpoint.
        Some(Err(_)) | None => None,
    };
    pins.seen = Some(Seen { checkpoint: newest, proof });
    Ok(())
}

struct Log<'a> {
    http: reqwest::Client,
    url: &'a Url,
}

impl Log<'_> {
    async fn bytes(&self, path: &str) -> Result<Vec<u8>> {
        let url = format!("{}{path}", self.url.as_str().trim_end_matches('/'));
        let mut response =
            self.http.get(&url).send().await.with_context(|| format!("nothing answers {url}"))?;
        if !response.status().is_success() {
            bail!("{path} is answered with {}", response.status());
        }
        let mut bytes = Vec::new();
        while let Some(chunk) = response.chunk().await.context("the answer broke off")? {
            if bytes.len() + chunk.len() > MOST {
                bail!("{path} has more than {MOST} bytes");
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(bytes)
    }

    async fn text(&self, path: &str) -> Result<String> {
        String::from_utf8(self.bytes(path).await?).with_context(|| format!("{path} is no text"))
    }

    /// The proof that the log of `new` entries begins with that of `old`, made from the log's tiles;
    /// `None` if the log does not have as many.
    async fn consistency(&self, old: u64, new: u64) -> Result<Option<Vec<[u8; 32]>>> {
        let Some(plan) = Plan::consistency(old, new) else { return Ok(None) };
        let mut tiles = BTreeMap::new();
        for tile in plan.tiles() {
            let bytes = self.bytes(&TilePath::Hashes(tile).to_string()).await?;
            let (hashes, rest) = bytes.as_chunks::<32>();
            if hashes.len() != usize::from(tile.width) || !rest.is_empty() {
                bail!("a tile of {} bytes instead of {} hashes", bytes.len(), tile.width);
            }
            tiles.insert(tile, hashes.to_vec());
        }
        Ok(Some(plan.hashes(&tiles)?))
    }
}
