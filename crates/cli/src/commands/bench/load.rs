//! Drives full lives: commit over HTTP, wait for the result, again; so many at a time.

use super::fleet::Fleet;
use super::http::{Client, request};
use super::work::{self, Kind};
use anyhow::{Context, Result, bail};
use docket_protocol::keys::PublicKey;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

/// One result in so many is checked as its client would.
const CHECKED: u64 = 1_000;

/// How much load, of what kind.
#[derive(Clone, Copy, Debug)]
pub(super) struct Load {
    /// What is committed.
    pub(super) kind: Kind,
    /// How many jobs.
    pub(super) jobs: u64,
    /// How many at a time.
    pub(super) in_flight: usize,
    /// When to begin no more jobs, however few there were.
    pub(super) until: Option<Instant>,
}

/// What was measured.
#[derive(Debug, Default)]
pub(super) struct Driven {
    /// From the first commit to the last result.
    pub(super) elapsed: Duration,
    /// From a commit to its acknowledgement, sorted.
    pub(super) commits: Vec<Duration>,
    /// From a commit to its result, sorted; one for each completed job.
    pub(super) lives: Vec<Duration>,
    /// How many receipts were checked.
    pub(super) checked: u64,
}

struct Shared {
    load: Load,
    begun: AtomicU64,
    checked: AtomicU64,
    workers: Vec<PublicKey>,
}

/// Runs the load to its end. Any job that fails fails the run.
pub(super) async fn drive(address: SocketAddr, load: Load, fleet: &mut Fleet) -> Result<Driven> {
    let shared = Arc::new(Shared {
        load,
        begun: AtomicU64::new(0),
        checked: AtomicU64::new(0),
        workers: fleet.keys.clone(),
    });
    let mut clients = Vec::with_capacity(load.in_flight);
    for _ in 0..load.in_flight {
        clients.push(Client::connect(address).await?);
    }
    let started = Instant::now();
    let mut lanes = JoinSet::new();
    for (user, client) in clients.into_iter().enumerate() {
        lanes.spawn(lane(client, user, shared.clone()));
    }
    let mut driven = Driven::default();
    loop {
        tokio::select! {
            lane = lanes.join_next() => match lane {
                None => break,
                Some(lane) => {
                    let (commits, lives) = lane??;
                    driven.commits.extend(commits);
                    driven.lives.extend(lives);
                }
            },
            error = fleet.broken() => return Err(error),
        }
    }
    driven.elapsed = started.elapsed();
    driven.checked = shared.checked.load(Ordering::Relaxed);
    driven.commits.sort_unstable();
    driven.lives.sort_unstable();
    Ok(driven)
}

/// Commits jobs without waiting for their results; answers their ids.
pub(super) async fn open(address: SocketAddr, kind: Kind, jobs: usize, lanes: usize) -> Result<Vec<String>> {
    let mut tasks = JoinSet::new();
    for user in 0..lanes {
        let share = jobs / lanes + usize::from(user < jobs % lanes);
        tasks.spawn(async move {
            let mut client = Client::connect(address).await?;
            let commit = request("POST", kind.path(), &kind.commit(user));
            let mut ids = Vec::with_capacity(share);
            for _ in 0..share {
                ids.push(committed(&mut client, &commit).await?);
            }
            anyhow::Ok(ids)
        });
    }
    let mut ids = Vec::with_capacity(jobs);
    while let Some(lane) = tasks.join_next().await {
        ids.extend(lane??);
    }
    Ok(ids)
}

/// Commits a job; answers its id.
async fn committed(client: &mut Client, commit: &[u8]) -> Result<String> {
    let answer = client.send(commit).await?;
    if answer.status != 201 {
        bail!("a commit was refused: {} {}", answer.status, String::from_utf8_lossy(answer.body));
    }
    Ok(work::job_id(answer.body)?.to_owned())
}

async fn lane(
    mut client: Client,
    user: usize,
    shared: Arc<Shared>,
) -> Result<(Vec<Duration>, Vec<Duration>)> {
    let Load { kind, jobs, until, .. } = shared.load;
    let commit = request("POST", kind.path(), &kind.commit(user));
    let (mut commits, mut lives) = (Vec::new(), Vec::new());
    loop {
        let number = shared.begun.fetch_add(1, Ordering::Relaxed);
        if number >= jobs || until.is_some_and(|until| Instant::now() >= until) {
            return Ok((commits, lives));
        }
        let begun = Instant::now();
        let job = committed(&mut client, &commit).await?;
        commits.push(begun.elapsed());
        let answer = client.send(&request("GET", &format!("/v1/jobs/{job}?wait=30"), "")).await?;
        if answer.status != 200 || !work::is_completed(answer.body) {
            bail!("job {job} was not completed: {} {}", answer.status, String::from_utf8_lossy(answer.body));
        }
        lives.push(begun.elapsed());
        if number.is_multiple_of(CHECKED) {
            work::check(answer.body, &job, &shared.workers)
                .with_context(|| format!("the result of {job}"))?;
            shared.checked.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// The value below which so many hundredths of sorted values lie; zero if there are none.
pub(super) fn percentile(sorted: &[Duration], hundredths: usize) -> Duration {
    let last = sorted.len().saturating_sub(1);
    sorted.get(last * hundredths / 100).copied().unwrap_or_default()
}

/// The middle of some times and what all but one in a hundred stay below, in microseconds.
pub(super) fn micros(mut times: Vec<Duration>) -> [f64; 2] {
    times.sort_unstable();
    [50, 99].map(|hundredths| percentile(&times, hundredths).as_secs_f64() * 1e6)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_values_that_were_seen() {
        let values: Vec<_> = (1..=101).map(Duration::from_millis).collect();
        assert_eq!(percentile(&values, 50), Duration::from_millis(51));
        assert_eq!(percentile(&values, 99), Duration::from_millis(100));
        assert_eq!(percentile(&values[..1], 99), Duration::from_millis(1));
        assert_eq!(percentile(&[], 50), Duration::ZERO);
    }
}
