//! Repositories that mean harm: what they name outside of themselves stays closed, what never ends is not waited for, what is too
//! large is told. The program itself is run, with an address space of bounded size; a wall limit only guards against hanging.
//! `HOSTILE_TABLE=1 cargo test --test hostile -- --nocapture --test-threads 1` prints time and memory of every run.

#[path = "hostile/bombs.rs"]
mod bombs;
#[path = "hostile/case.rs"]
mod case;
#[path = "hostile/commands.rs"]
mod commands;
#[path = "hostile/endless.rs"]
mod endless;
#[path = "hostile/injected.rs"]
mod injected;
#[path = "hostile/kinds.rs"]
mod kinds;
#[path = "hostile/large.rs"]
mod large;
#[path = "hostile/moving.rs"]
mod moving;
#[path = "hostile/names.rs"]
mod names;
#[path = "hostile/outside.rs"]
mod outside;
#[path = "hostile/repeated.rs"]
mod repeated;
#[path = "hostile/run.rs"]
mod run;
mod support;
#[path = "hostile/traced.rs"]
mod traced;
