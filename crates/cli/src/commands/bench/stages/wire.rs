//! What the wires alone cost the coordinator: requests that ask for little, frames that change nothing.

use super::super::child::Coordinator;
use super::super::fleet;
use super::super::http::{Client, request as compose};
use anyhow::{Result, ensure};
use std::time::Duration;
use tokio::task::JoinSet;

const CONNECTIONS: usize = 32;
const EACH: usize = 400;

/// A request and its answer on a kept connection, microseconds.
pub(super) async fn request(coordinator: &Coordinator) -> Result<f64> {
    let address = coordinator.address;
    let before = coordinator.usage()?.cpu;
    let mut lanes = JoinSet::new();
    for _ in 0..CONNECTIONS {
        lanes.spawn(async move {
            let mut client = Client::connect(address).await?;
            let ask = compose("GET", "/v1/health", "");
            for _ in 0..EACH {
                ensure!(client.send(&ask).await?.status == 200, "the coordinator is not in health");
            }
            Ok(())
        });
    }
    all(lanes).await?;
    Ok(each(coordinator.usage()?.cpu - before))
}

/// A frame in and its answer out, microseconds.
pub(super) async fn frame_there_and_back(coordinator: &Coordinator) -> Result<f64> {
    let address = coordinator.address;
    let mut lanes = JoinSet::new();
    let mut workers = Vec::with_capacity(CONNECTIONS);
    for _ in 0..CONNECTIONS {
        workers.push(fleet::Beating::connect(address).await?);
    }
    let before = coordinator.usage()?.cpu;
    for mut worker in workers {
        lanes.spawn(async move {
            for _ in 0..EACH {
                worker.beat().await?;
            }
            Ok(())
        });
    }
    all(lanes).await?;
    Ok(each(coordinator.usage()?.cpu - before))
}

async fn all(mut lanes: JoinSet<Result<()>>) -> Result<()> {
    while let Some(lane) = lanes.join_next().await {
        lane??;
    }
    Ok(())
}

fn each(cpu: Duration) -> f64 {
    cpu.as_secs_f64() * 1e6 / (CONNECTIONS * EACH) as f64
}
