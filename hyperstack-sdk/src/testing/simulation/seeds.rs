//! Runs one script per seed on all processors, and reports a failure.

use std::env;
use std::ops::Range;
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::Mutex;
use std::thread;

use proptest::strategy::{BoxedStrategy, Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use tokio::runtime::Runtime;

use super::script::Script;
use super::{draw, v2};
use crate::wire::Protocol;

/// The number of seeds to run, from 0, unless `SIMULATION_SEEDS` is set.
const SEEDS: u64 = 2_500;
/// The number of shorter scripts to try after a failure.
const SHRINKS: usize = 20_000;
/// The command that runs one seed again.
const COMMAND: &str =
    "cargo test -p hyperstack-sdk --features testing --lib -- simulation::in_the_end";

/// Runs the script of each seed, or of the one that `SIMULATION_SEED` names. Returns the number of seeds.
///
/// # Panics
///
/// Panics with the lowest failing seed and the shortest failing script found.
pub(super) fn each(
    protocol: Protocol,
    run: impl Fn(&Runtime, &Script, u64) -> Result<(), String> + Sync,
) -> u64 {
    let seeds = match number("SIMULATION_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("SIMULATION_SEEDS").unwrap_or(SEEDS),
    };
    some(protocol, seeds.clone(), run);
    seeds.end - seeds.start
}

/// Runs these seeds.
pub(super) fn some(
    protocol: Protocol,
    seeds: Range<u64>,
    run: impl Fn(&Runtime, &Script, u64) -> Result<(), String> + Sync,
) {
    let next = AtomicU64::new(seeds.start);
    let failed = Mutex::new(None);
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                let runner = Runner::new(protocol, &run);
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= seeds.end || failed.lock().unwrap().is_some_and(|least| least < seed)
                    {
                        return;
                    }
                    if runner.run(&runner.scripts(seed).current(), seed).is_err() {
                        let mut failed = failed.lock().unwrap();
                        *failed = Some(failed.map_or(seed, |least: u64| least.min(seed)));
                    }
                }
            });
        }
    });
    if let Some(seed) = failed.into_inner().unwrap() {
        let (script, error) = Runner::new(protocol, &run).shrink(seed);
        panic!("{protocol:?}, seed {seed}; to run it alone: SIMULATION_SEED={seed} {COMMAND}\n{script}\n{error}");
    }
}

/// A thread's own runtime, whose clock advances only when a run advances it.
struct Runner<'r, F> {
    run: &'r F,
    runtime: Runtime,
    strategy: BoxedStrategy<Script>,
}

impl<'r, F: Fn(&Runtime, &Script, u64) -> Result<(), String>> Runner<'r, F> {
    fn new(protocol: Protocol, run: &'r F) -> Self {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        Runner {
            run,
            runtime: runtime.enable_time().start_paused(true).build().unwrap(),
            strategy: match protocol {
                Protocol::V2 => v2::script().boxed(),
                _ => draw::script().boxed(),
            },
        }
    }

    /// Returns the script of a seed, which can be shrunk.
    fn scripts(&self, seed: u64) -> impl ValueTree<Value = Script> {
        // A stronger generator would take half of the run time.
        let bytes = [mixed(seed), mixed(!seed)].map(u64::to_le_bytes).concat();
        let rng = TestRng::from_seed(RngAlgorithm::XorShift, &bytes);
        let config = Config {
            failure_persistence: None,
            ..Config::default()
        };
        let mut runner = TestRunner::new_with_rng(config, rng);
        self.strategy.new_tree(&mut runner).unwrap()
    }

    fn run(&self, script: &Script, seed: u64) -> Result<(), String> {
        let run = || (self.run)(&self.runtime, script, seed);
        catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|panic| {
            let text = panic.downcast_ref::<String>().cloned();
            let text = text.or_else(|| Some((*panic.downcast_ref::<&str>()?).to_owned()));
            Err(format!("panic: {}", text.unwrap_or_default()))
        })
    }

    /// Returns the shortest failing script found, and its error.
    fn shrink(&self, seed: u64) -> (Script, String) {
        let mut scripts = self.scripts(seed);
        let first = scripts.current();
        let error = self.run(&first, seed).err();
        let mut least = (first, error.unwrap_or("it does not fail again".to_owned()));
        let mut more = scripts.simplify();
        for _ in 0..SHRINKS {
            if !more {
                break;
            }
            let script = scripts.current();
            more = match self.run(&script, seed) {
                Ok(()) => scripts.complicate(),
                Err(error) => {
                    least = (script, error);
                    scripts.simplify()
                }
            };
        }
        least
    }
}

/// Scrambles a number (splitmix64).
fn mixed(number: u64) -> u64 {
    let mut mixed = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

fn number(name: &str) -> Option<u64> {
    let text = env::var(name).ok()?;
    Some(
        text.parse()
            .unwrap_or_else(|_| panic!("{name} must be a number, found {text}")),
    )
}
