//! Prints the rounds of a server, then each change of the latest.

use hyperstack_sdk::prelude::*;
use ore_published::ore::OreStreamStack;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let url = std::env::args().nth(1).ok_or("which url?")?;
    let ore = HyperStack::<OreStreamStack>::connect_url(&url).await?;
    println!("{:?}", ore.views.ore_round.list().get().await);
    let mut latest = ore.views.ore_round.latest().watch();
    while let Some(update) = latest.next().await {
        println!("{update:?}");
    }
    Ok(())
}
