//! A simulation: whatever a server does, whatever becomes of the network, and however late a reader
//! reads, once faults have ended the cache is what the server has, what each reader put together is what
//! the cache has, and no update was lost or invented.
//!
//! A random script changes the rows of a server, lets messages be slow and connections fail, and lets
//! readers of every kind come, read a little and go. The client is the real one but for its driver, of
//! which there is one here that has no socket; time goes by only where a run says so. A run is a function
//! of its seed: `SIMULATION_SEED=7` runs one alone, `SIMULATION_SEEDS=100000` more than the default.
//!
//! ```text
//! seeds     the runs, and the shortest script that fails
//!   draw      a script at random
//!   script    what a script may say
//!   world     what it does to
//!     readers     streams of every kind, and what was read of them
//!     driver      the client, and when it does what
//!     network     messages under way, and what becomes of them
//!     server      the model of the server, and what it has
//!     tokens      the service that gives tokens
//!   check     what must hold at the end, by
//!     journal     what the frames said
//!     history     what rows ever were
//!   met       what a run met
//! ```

mod check;
mod draw;
mod driver;
mod history;
mod journal;
mod met;
mod network;
mod reader;
mod row;
mod script;
mod seeds;
mod server;
mod tokens;
mod world;

use std::sync::Mutex;

use tokio::runtime::Runtime;

use met::{Event, Met};
use script::Script;
use world::World;

#[test]
fn in_the_end_everyone_has_what_the_server_has() {
    seeds::each(|runtime, script, seed| run(runtime, script, seed).map(drop));
}

#[test]
fn a_run_is_a_function_of_its_seed() {
    seeds::some(0..100, |runtime, script, seed| {
        let [one, other] = [(); 2].map(|()| Ok::<_, String>(run(runtime, script, seed)?.trace()));
        (one == other).then_some(()).ok_or("another run".to_owned())
    });
}

#[test]
fn everything_happens() {
    let met = Mutex::new(Met::default());
    seeds::some(0..1_000, |runtime, script, seed| {
        let world = run(runtime, script, seed)?;
        met.lock().unwrap().extend(&world.server.met);
        Ok(())
    });
    let met = met.into_inner().unwrap();
    let rare: Vec<_> = Event::ALL
        .into_iter()
        .filter(|event| met.times(*event) < 10)
        .collect();
    assert!(rare.is_empty(), "{rare:?} of {met:?}");
}

/// Runs a script, and checks what came of it.
fn run(runtime: &Runtime, script: &Script, seed: u64) -> Result<World, String> {
    runtime.block_on(async {
        let mut world = World::new(script, seed);
        world.run(script).await?;
        world.check(script)?;
        Ok(world)
    })
}
