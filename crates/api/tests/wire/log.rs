//! The log, read as any client of C2SP tlog-tiles reads it.

use crate::market::{Market, ORIGIN};
use crate::worker::Manner;
use crate::{ANSWER, TASK};
use docket_core::merkle::{Plan, Tile, leaf_hash};
use docket_protocol::keys::SigningKey;
use docket_protocol::log::{
    Checkpoint, TilePath, VerifierKey, check_consistency, check_inclusion, decode_entries,
};
use docket_protocol::receipt::Bundle;
use docket_protocol::verify::{Claim, Holds, Pins, verify};
use hyper::StatusCode;
use std::collections::BTreeMap;

fn key() -> VerifierKey {
    VerifierKey::new(ORIGIN, SigningKey::from_seed(&[9; 32]).public_key()).expect("a name for a key")
}

async fn checkpoint(market: &Market) -> Checkpoint {
    let answer = market.get("/checkpoint").await;
    assert_eq!(answer.header("content-type"), "text/plain; charset=utf-8");
    assert_eq!(answer.header("cache-control"), "no-cache");
    Checkpoint::open(answer.text(), &key()).expect("a signed checkpoint")
}

async fn tiles(market: &Market, plan: &Plan) -> BTreeMap<Tile, Vec<[u8; 32]>> {
    let mut tiles = BTreeMap::new();
    for tile in plan.tiles() {
        let answer = market.get(&TilePath::Hashes(tile).to_string()).await;
        assert_eq!(answer.status, StatusCode::OK);
        assert_eq!(answer.header("content-type"), "application/octet-stream");
        assert_eq!(answer.header("cache-control"), "public, max-age=31536000, immutable");
        let (hashes, rest) = answer.body.as_chunks::<32>();
        assert!(rest.is_empty());
        tiles.insert(tile, hashes.to_vec());
    }
    tiles
}

/// Makes jobs, so that each adds a leaf.
async fn fill(market: &Market, jobs: usize) {
    for _ in 0..jobs {
        assert_eq!(market.post("/v1/jobs/commit/cheap", TASK).await.status, StatusCode::CREATED);
    }
}

#[tokio::test]
async fn an_empty_log_has_a_checkpoint_and_no_tiles() {
    let market = Market::open().await;
    assert_eq!(checkpoint(&market).await.size, 0);
    for path in ["/tile/0/000", "/tile/0/000.p/1", "/tile/entries/000.p/1", "/tile/1/000.p/1"] {
        assert_eq!(market.get(path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
    assert_eq!(market.get("/log/vkey").await.text(), format!("{}\n", key()));
}

#[tokio::test]
async fn every_entry_is_proven_from_the_tiles_and_the_log_only_grows() {
    let mut market = Market::open().await;
    fill(&market, 3).await;
    let old = checkpoint(&market).await;
    assert_eq!(old.size, 3);
    assert_eq!(checkpoint(&market).await, old, "the same size has the same checkpoint");
    fill(&market, 258).await;
    market.restart().await;
    let new = checkpoint(&market).await;
    assert_eq!(new.size, 261);

    for (index, path) in [(0, "/tile/entries/000"), (260, "/tile/entries/001.p/5")] {
        let bundle = market.get(path).await;
        let entries = decode_entries(&bundle.body).expect("a bundle of entries");
        let entry = entries[index as usize % 256];
        let plan = Plan::inclusion(index, new.size).expect("the entry is there");
        let proof = plan.hashes(&tiles(&market, &plan).await).expect("all tiles are there");
        check_inclusion(entry, index, &proof, &new).expect("the entry is in the log");
        let leaves = market.get(if index == 0 { "/tile/0/000" } else { "/tile/0/001.p/5" }).await;
        assert!(leaves.body.as_chunks::<32>().0.contains(&leaf_hash(entry)));
    }
    let plan = Plan::consistency(old.size, new.size).expect("the log has grown");
    let proof = plan.hashes(&tiles(&market, &plan).await).expect("all tiles are there");
    check_consistency(&old, &new, &proof).expect("the log still has all it had");
}

#[tokio::test]
async fn tiles_that_the_log_does_not_have_are_not_found() {
    let market = Market::open().await;
    fill(&market, 3).await;
    for path in [
        "/tile/0/000",
        "/tile/0/000.p/4",
        "/tile/0/000.p/0",
        "/tile/0/000.p/256",
        "/tile/0/001.p/1",
        "/tile/1/000.p/1",
        "/tile/63/000.p/1",
        "/tile/0/x018/x446/x744/x073/x709/x551/615",
        "/tile/entries/000",
        "/tile/entries/000.p/4",
        "/tile/0",
        "/tile/0/0",
        "/tile/-1/000",
        "/tile/0/%30%30%30",
        "/tile/0/../../checkpoint",
    ] {
        assert_eq!(market.get(path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
    for path in ["/tile/0/000.p/1", "/tile/0/000.p/2", "/tile/0/000.p/3", "/tile/entries/000.p/2"] {
        assert_eq!(market.get(path).await.status, StatusCode::OK, "{path}");
    }
}

#[tokio::test]
async fn a_receipt_verifies_with_pinned_keys_and_an_altered_one_does_not() {
    let market = Market::open().await;
    let mut worker = market.worker(1, Manner::Dispatch).await;
    market.post("/v1/jobs/commit/cheap", TASK).await;
    let job = worker.job().await["job_id"].as_str().expect("an id").to_owned();
    worker.complete(&job, ANSWER).await;
    market.get(&format!("/v1/jobs/{job}?wait=30")).await;
    fill(&market, 5).await;

    let answer = market.get(&format!("/v1/jobs/{job}/receipt")).await;
    let bundle = Bundle::parse(&answer.body).expect("a bundle");
    let pins = Pins {
        job_id: Some(job.clone()),
        worker_key: Some(worker.key.public_key()),
        wallet: None,
        coordinator_vkey: Some(key()),
        output: Some(ANSWER.as_bytes().to_vec()),
        seen: None,
    };
    let verdict = verify(&bundle, &pins);
    assert!(verdict.ok(), "{verdict}");
    for claim in [
        Claim::Job,
        Claim::WorkerKey,
        Claim::ShortReceipt,
        Claim::Output,
        Claim::LogEntry,
        Claim::Transfers,
        Claim::Inclusion,
        Claim::Checkpoint,
    ] {
        assert_eq!(verdict.holds(claim), Some(Holds::Proven), "{claim}: {verdict}");
    }
    let altered = answer.text().replace("positive", "negative");
    let altered = Bundle::parse(altered.as_bytes()).expect("a bundle");
    assert_eq!(verify(&altered, &pins).holds(Claim::Output), Some(Holds::False));

    let moved = format!(
        "950 tUSDC units from escrow to worker {}, 50 tUSDC units from escrow to treasury",
        worker.pubkey()
    );
    assert!(verdict.to_string().contains(&moved), "{verdict}");
    let internal = market.engine().named(&job).await.expect("the store reads").expect("the job").id;
    assert!(!answer.text().contains(&internal.0.to_string()), "{}", answer.text());
    let altered = answer.text().replace(r#""units":"950""#, r#""units":"951""#);
    let altered = Bundle::parse(altered.as_bytes()).expect("a bundle");
    assert_eq!(verify(&altered, &pins).holds(Claim::Transfers), Some(Holds::False));
}

#[tokio::test]
async fn a_job_that_is_not_finished_has_no_receipt_yet() {
    let market = Market::open().await;
    let job = market.post("/v1/jobs/commit/cheap", TASK).await.json()["job_id"].clone();
    let path = format!("/v1/jobs/{}/receipt", job.as_str().expect("an id"));
    let answer = market.get(&path).await;
    assert_eq!((answer.status, answer.text()), (StatusCode::CONFLICT, r#"{"error":"job_not_finished"}"#));
}
