//! Copies the trades of a server into a database: `cargo run -p hyperstack-archive-example -- wss://… trades.db`.

use std::path::Path;

use anyhow::bail;
use hyperstack_archive_example::{copy, open};
use hyperstack_sdk::HyperStack;

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [url, path] = &arguments[..] else {
        bail!("usage: hyperstack-archive-example URL DATABASE");
    };
    let mut database = open(Path::new(path))?;
    let hs = HyperStack::connect(url).await?;
    copy(&hs, &mut database, |count| println!("{count} stored")).await
}
