//! Shows a view in the browser, live: `cargo run -p hyperstack-browser-example`, then open <http://127.0.0.1:8080>.
//!
//! The rows come from a simulated market in this process. To connect to a server instead, pass its URL:
//! `cargo run -p hyperstack-browser-example -- wss://…`. To listen on another port, set `PORT`.

use hyperstack_browser_example::{market, router};
use hyperstack_sdk::HyperStack;
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let url = match std::env::args().nth(1) {
        Some(url) => url,
        None => market().await?,
    };
    let port = match std::env::var("PORT") {
        Ok(port) => port.parse()?,
        Err(_) => 8080,
    };
    let hs = HyperStack::connect(url).await?;
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    println!("open http://{}", listener.local_addr()?);
    axum::serve(listener, router(hs)).await?;
    Ok(())
}
