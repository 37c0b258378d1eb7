//! Jobs for which one agent hires another: their life and their endings as tables, and what holds for any of them.

mod endings;
mod life;
mod market;
mod properties;
mod rules;
mod sample;
mod story;
mod views;
mod votes;
