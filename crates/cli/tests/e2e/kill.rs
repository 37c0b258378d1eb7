//! The coordinator is killed at any moment: nothing acknowledged is lost, charged twice, or paid twice.

use crate::market::{Buyer, prompt};
use crate::process::{Docket, free_port};
use crate::upstream;
use docket_core::ledger::Account;
use docket_store::{JobFilter, Sqlite};
use futures::future::join_all;
use std::collections::HashSet;
use std::time::Duration;

const JOBS: usize = 60;
/// What a worker has of a prompt's price of 10,000 units: 95 %.
const PAY: i128 = 9_500;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_coordinator_killed_again_and_again_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (port, data) = (free_port(), folder.path().join("data"));
    let url = format!("http://127.0.0.1:{port}");
    let engine = format!("openai:{}", upstream::start(Duration::from_millis(150)).await);
    let mut coordinator = Docket::serve(port, &data);
    let workers = ["a", "b"].map(|name| Docket::worker(&url, &engine, &folder.path().join(name)));
    let buyer = Buyer::new(&url);

    let clients = (0..JOBS).map(|number| {
        let buyer = buyer.clone();
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_millis(60 * number as u64)).await;
            let body = prompt(&format!("number {number}"));
            let id = buyer.insist("/v1/jobs/commit/fast", &body, &format!("key-{number}")).await;
            let again = buyer.insist("/v1/jobs/commit/fast", &body, &format!("key-{number}")).await;
            assert_eq!(id, again, "one key is one job");
            buyer.outcome(&id).await
        })
    });
    let clients: Vec<_> = clients.collect();
    for pause in [900, 700, 1_300] {
        tokio::time::sleep(Duration::from_millis(pause)).await;
        coordinator.kill_9();
        coordinator = Docket::serve(port, &data);
    }
    let jobs: Vec<_> = join_all(clients).await.into_iter().map(Result::unwrap).collect();
    for job in &jobs {
        assert_eq!(job["status"], "completed", "{job}");
        assert_eq!(job["result"]["text"], "done");
    }
    let ids: HashSet<_> = jobs.iter().map(|job| job["id"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), JOBS, "no two requests share a job");
    for worker in workers {
        assert!(worker.terminate().success());
    }
    assert!(coordinator.terminate().success());

    let store = Sqlite::read_only(&data.join("docket.db")).unwrap();
    let balances = store.balances(None).await.unwrap();
    let paid = |row: &&docket_store::BalanceRow| row.account.starts_with("worker:");
    let earned: i128 = balances.iter().filter(paid).map(|row| row.units).sum();
    assert_eq!(earned, PAY * JOBS as i128, "each job was paid once");
    let treasury = store.balance(&Account::Treasury).await.unwrap();
    assert_eq!(treasury[0].units, (10_000 - PAY) * JOBS as i128);
    assert_eq!(balances.iter().map(|row| row.units).sum::<i128>(), 0, "the books balance");
    let stored = store.jobs(&JobFilter { limit: 100, ..JobFilter::default() }).await.unwrap();
    assert_eq!(stored.len(), JOBS);
    assert!(stored.iter().all(|job| job.state.is_final()), "nothing is left to do");
}
