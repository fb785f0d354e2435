//! Prints the rounds of a server, then each change of the latest.

use hyperstack_sdk::prelude::*;
use ore_ours::ore::OreStreamStack;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let url = std::env::args().nth(1).ok_or("which url?")?;
    let ore = OreStreamStack::connect_to(url).await?;
    println!("{:?}", ore.ore_round.list().get().await);
    let mut latest = ore.ore_round.latest().watch();
    while let Some(update) = latest.next().await {
        println!("{update:?}");
    }
    Ok(())
}
