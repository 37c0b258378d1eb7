//! The rules of the domain, from outside: as golden tables, as properties, and as single sentences.

mod agent;
mod boundaries;
mod challenge;
mod endings;
mod evidence;
mod golden;
mod life;
mod properties;
mod sample;
mod script;
mod spending;
mod stake;
