//! Jobs for which one agent hires another: their life and their endings as tables, and what holds for any of them.

mod capital;
mod capital_runs;
mod endings;
mod life;
mod market;
mod properties;
mod rules;
mod sample;
mod story;
mod valuations;
mod views;
mod votes;
