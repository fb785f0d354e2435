//! The server's process: it changes rows all the time, and executes commands.

use crate::arete::Arete;
use crate::changes::{Changes, KEYS};
use crate::fault::Fault;
use crate::options::{Kind, Options};
use crate::proxy::{Proxy, Signal};
use crate::test::Test;
use crate::world::{change, World};
use crate::Result;
use std::time::Duration;
use tokio::io::{stdin, AsyncBufReadExt, BufReader};
use tokio::task::JoinHandle;
use tokio::time::{interval, sleep, MissedTickBehavior};

/// The interval of changes.
const TICK: Duration = Duration::from_millis(2);

/// Serves until the client's process ends. Each line is a command, and gets one line as the answer.
pub async fn serve(options: &Options) -> Result<()> {
    match options.kind {
        Kind::Arete => run::<Arete>(options).await,
        Kind::Test => run::<Test>(options).await,
    }
}

async fn run<W: World>(options: &Options) -> Result<()> {
    let mut world = W::start().await?;
    let mut changes = Changes::new(options.seed, W::HAS_DELETES);
    for key in 0..KEYS {
        let key = key.to_string();
        let row = changes.put(&key);
        world.apply(&key, row).await;
    }
    let proxy = Proxy::start(world.address()).await?;
    println!("ws://{}", proxy.address());
    let mut lines = BufReader::new(stdin()).lines();
    let mut stall: Option<JoinHandle<()>> = None;
    let (mut tick, mut owed, mut is_paused) = (interval(TICK), 0.0, true);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            line = lines.next_line() => {
                let Some(line) = line? else { return Ok(()) };
                match line.as_str() {
                    "pause" => {
                        is_paused = true;
                        if let Some(stall) = stall.take() {
                            stall.await?;
                        }
                        let mut truth = world.truth().await?;
                        truth["changes"] = changes.count.into();
                        println!("{truth}");
                    }
                    "resume" => {
                        is_paused = false;
                        println!();
                    }
                    fault => {
                        match fault.parse::<Fault>()? {
                            Fault::Cut => proxy.send(Signal::Cut),
                            Fault::Reset => proxy.send(Signal::Reset),
                            Fault::HalfOpen => proxy.send(Signal::HalfOpen),
                            Fault::Stall => {
                                proxy.send(Signal::Stall);
                                let proxy = proxy.clone();
                                // Twice the deadline after which the client gives up.
                                let length = 4 * options.ping();
                                stall = Some(tokio::spawn(async move {
                                    sleep(length).await;
                                    proxy.send(Signal::Flow);
                                }));
                            }
                            fault => world.suffer(fault, &mut changes).await?,
                        }
                        println!();
                    }
                }
            }
            _ = tick.tick(), if !is_paused => {
                owed += f64::from(options.rate) * TICK.as_secs_f64();
                while owed >= 1.0 {
                    owed -= 1.0;
                    change(&mut world, &mut changes).await;
                }
            }
        }
    }
}
