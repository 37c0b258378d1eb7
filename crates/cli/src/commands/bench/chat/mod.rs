//! `docket bench --dialect credits`: chat over HTTP through a coordinator and real workers, beside asking the inference
//! server directly, and beside any other gateway before the same server.

mod alarm;
pub(super) mod client;
pub(super) mod market;
mod table;
pub(super) mod upstream;

use super::run::data;
use anyhow::{Context, Result, bail, ensure};
use client::{Door, Scene, play};
use market::Market;
use std::path::Path;
use std::time::Duration;
use table::Line;

/// What is asked for, each through every door in turn.
const SCENES: [Scene; 6] = [
    Scene { name: "whole answers, 1 at a time", ..whole(1) },
    Scene { name: "whole answers, 32 at a time", ..whole(32) },
    Scene { name: "8 streams at full speed", ..streams(upstream::SWIFT, 8) },
    Scene { name: "32 streams at full speed", ..streams(upstream::SWIFT, 32) },
    Scene { name: "8 streams at a model's pace, all in step", ..streams(upstream::PACED, 8) },
    Scene { name: "8 streams at a model's pace, out of step", apart: APART, ..streams(upstream::PACED, 8) },
];
/// So far apart, eight paced streams of 64 tokens begin evenly, and no two have a token in the same millisecond.
const APART: Duration = Duration::from_micros(81_250);
/// Before each measured part.
const WARM: Duration = Duration::from_millis(300);

const fn whole(clients: u32) -> Scene {
    Scene { name: "", model: upstream::SWIFT, stream: false, clients, apart: Duration::ZERO }
}

const fn streams(model: &'static str, clients: u32) -> Scene {
    Scene { model, stream: true, ..whole(clients) }
}

/// What to measure.
pub(super) struct Plan<'a> {
    pub(super) rounds: usize,
    pub(super) time: Duration,
    pub(super) folder: &'a Path,
    /// Where the inference server is; by default one is started.
    pub(super) upstream: Option<&'a str>,
    /// Other gateways before it: `NAME=HOST:PORT`.
    pub(super) beside: &'a [String],
    /// Only the scenes whose names have this text.
    pub(super) scene: Option<&'a str>,
    pub(super) json: bool,
}

/// Measures and prints.
pub(super) async fn run(plan: Plan<'_>) -> Result<()> {
    let chosen = |scene: &Scene| plan.scene.is_none_or(|text| scene.name.contains(text));
    let scenes: Vec<Scene> = SCENES.into_iter().filter(chosen).collect();
    ensure!(
        !scenes.is_empty(),
        "no scene has that name; there are: {}",
        SCENES.map(|scene| scene.name).join("; ")
    );
    let (_server, address) = match plan.upstream {
        Some(address) => (None, address.parse().context("an inference server is given as HOST:PORT")?),
        None => {
            let (server, address) = market::upstream()?;
            (Some(server), address)
        }
    };
    let folder = data(plan.folder)?;
    let market = Market::open(folder.path(), address).await?;
    let door = |name: &str, address, key: &str| Door { name: name.to_owned(), address, key: key.to_owned() };
    let mut doors =
        vec![door("direct", address, "none"), door("docket", market.coordinator.address, &market.key)];
    for other in plan.beside {
        let Some((name, address)) = other.split_once('=') else { bail!("{other:?} is not NAME=HOST:PORT") };
        doors.push(door(
            name,
            address.parse().with_context(|| format!("{address} is no address"))?,
            "sk-1234",
        ));
    }
    let mut lines = Vec::new();
    for round in 1..=plan.rounds {
        for &scene in &scenes {
            for door in &doors {
                play(door, scene, WARM).await?;
                let before = market.usage()?;
                let seen = play(door, scene, plan.time).await?;
                let after = market.usage()?;
                let ours = (door.name == "docket").then(|| spent(before, after));
                lines.push(Line::of(door, scene, seen, ours));
            }
        }
        if !plan.json {
            eprintln!("round {round} of {} is done", plan.rounds);
        }
    }
    if plan.json {
        println!("{}", serde_json::to_string(&lines)?);
    } else {
        print!("{}", table::print(&lines, &scenes, &doors));
    }
    market.coordinator.stop()
}

/// Processor time between two readings, of coordinator and workers.
fn spent(before: [Duration; 2], after: [Duration; 2]) -> [Duration; 2] {
    std::array::from_fn(|part| after[part].saturating_sub(before[part]))
}
