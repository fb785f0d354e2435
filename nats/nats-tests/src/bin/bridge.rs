//! A bridge in a process of its own, for tests that kill it: `bridge <source> <nats> <prefix> <view or tape>…`.

use std::time::Duration;

use hyperstack_nats::Bridge;
use hyperstack_sdk::HyperStack;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let mut next = || arguments.next().ok_or("too few arguments");
    let (source, nats, prefix) = (next()?, next()?, next()?);
    let hs = HyperStack::builder()
        .url(source)
        .linger(Duration::ZERO)
        .reconnect_intervals(vec![Duration::from_millis(20)])
        .connect()
        .await?;
    let nats = async_nats::connect(nats).await?;
    let mut bridge = Bridge::builder(hs, nats, prefix)
        .interval(Duration::from_millis(500))
        .patience(Duration::from_millis(200));
    for view in arguments {
        bridge = match view.ends_with("/append") {
            true => bridge.tape(view),
            false => bridge.view(view),
        };
    }
    bridge.build().run().await?;
    Ok(())
}
