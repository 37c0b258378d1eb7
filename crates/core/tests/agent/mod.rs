//! The rules among agents: each as a golden table, and what holds for any numbers as properties.

mod admission;
mod court;
mod fees;
mod hire;
mod locks;
mod penalties;
mod properties;
mod roles;
mod scores;

/// Units as coins, such as `160.000000`.
fn coins(units: u128) -> String {
    format!("{}.{:06}", units / 1_000_000, units % 1_000_000)
}
