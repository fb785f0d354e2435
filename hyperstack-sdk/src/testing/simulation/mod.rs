//! A simulation of the client against a model of a server, with random faults.
//!
//! A random script changes the server's rows, delays messages, breaks connections, and lets readers of
//! every kind join, read and leave. When the faults have ended, the cache must equal the server's rows, each
//! reader must have the rows of the cache, and no update may be lost or invented.
//!
//! Each script runs under both generations of the protocol. The session, store and streams are the real
//! ones. The driver here has no socket, and time passes only when the script says so, so that a run is a
//! function of its seed. `SIMULATION_SEED=7` runs one seed under both generations; `SIMULATION_SEEDS=100000`
//! runs more seeds than the default.
//!
//! A v2 script is the v1 script of the same seed with more steps in between: recovery snapshots, ended
//! subscriptions, coalesced views, catch-up patches, a limit on subscriptions, an unknown view.
//!
//! ```text
//! seeds     the runs, and the shortest script that fails
//!   draw      random scripts
//!   script    the steps of a script
//!   world     what each step does to
//!     readers     streams of every kind, and what was read of them
//!     driver      the client's driver, without a socket
//!     network     messages in flight, and what happens to them
//!     server      the model of the server, and its rows
//!     tokens      the service that issues tokens
//!   check     what must hold at the end, by
//!     journal     what the frames said
//!     history     every earlier value of a row
//!   met       which events a run met
//! v2        what only protocol v2 has, in the same order
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
mod v2;
mod world;

use std::sync::Mutex;

use tokio::runtime::Runtime;

use crate::wire::Protocol;
use met::{Event, Met};
use script::Script;
use world::World;

const GENERATIONS: [Protocol; 2] = [Protocol::V1, Protocol::V2];

/// After this many runs, every event must have happened at least ten times.
const ENOUGH_RUNS: u64 = 1_000;

#[test]
fn in_the_end_everyone_has_what_the_server_has() {
    check(Protocol::V1);
}

#[test]
fn in_the_end_everyone_has_what_a_v2_server_has() {
    check(Protocol::V2);
}

fn check(protocol: Protocol) {
    let met = Mutex::new(Met::default());
    let runs = seeds::each(protocol, |runtime, script, seed| {
        let world = run(protocol, runtime, script, seed)?;
        met.lock().unwrap().extend(&world.server.met);
        Ok(())
    });
    if runs >= ENOUGH_RUNS {
        check_that_everything_happened(protocol, &met.into_inner().unwrap());
    }
}

fn check_that_everything_happened(protocol: Protocol, met: &Met) {
    let special: &[Event] = match protocol {
        Protocol::V2 => &Event::ONLY_V2,
        _ => &Event::ONLY_V1,
    };
    let events = Event::COMMON.iter().chain(special);
    let rare: Vec<_> = events.filter(|event| met.times(**event) < 10).collect();
    assert!(rare.is_empty(), "{protocol:?}: {rare:?} of {met:?}");
}

#[test]
fn a_run_is_a_function_of_its_seed() {
    for protocol in GENERATIONS {
        seeds::some(protocol, 0..100, |runtime, script, seed| {
            let traces = [(); 2].map(|()| {
                let world = run(protocol, runtime, script, seed)?;
                Ok::<_, String>(world.trace())
            });
            let [one, other] = traces;
            (one == other).then_some(()).ok_or("another run".to_owned())
        });
    }
}

/// Runs a script and checks the outcome.
fn run(protocol: Protocol, runtime: &Runtime, script: &Script, seed: u64) -> Result<World, String> {
    runtime.block_on(async {
        let mut world = World::new(script, seed, protocol);
        world.run(script).await?;
        world.check(script)?;
        Ok(world)
    })
}
