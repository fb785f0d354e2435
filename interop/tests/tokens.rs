//! Tokens: static ones, and signed sessions.

use std::time::Duration;

use hyperstack_interop::Mint;
use hyperstack_server::StaticTokenAuthPlugin;

use crate::support::*;
use crate::Outcome;

const TTL: Duration = Duration::from_secs(300);

#[tokio::test]
async fn a_static_token() -> Outcome {
    let plugin = StaticTokenAuthPlugin::new(["let me in".to_owned()]);
    let server = players().auth(plugin).start();
    server.apply(crowd(3)).await;
    let hs = client(&server).token("let me in").connect().await?;
    let read = soon(hs.try_list::<Player>()).await?;
    assert_eq!(read, server.rows("Player/list").await);
    Ok(())
}

#[tokio::test]
async fn a_signed_token() -> Outcome {
    let mint = Mint::new();
    let server = players().auth(mint.plugin()).start();
    server.apply(crowd(3)).await;
    let hs = client(&server).token(mint.token(TTL)).connect().await?;
    let read = soon(hs.try_list::<Player>()).await?;
    assert_eq!(read, server.rows("Player/list").await);
    Ok(())
}

#[tokio::test]
async fn a_token_is_sent_again_after_a_lost_connection() -> Outcome {
    let mint = Mint::new();
    let mut server = players().auth(mint.plugin()).start();
    server.apply(crowd(3)).await;
    let hs = client(&server).token(mint.token(TTL)).connect().await?;
    let mut updates = hs.watch::<Player>();
    next(&mut updates).await;
    server.kill().await;
    server.start();
    settle(&server, &mut updates).await;
    assert_eq!(hs.list_sync::<Player>(), server.rows("Player/list").await);
    Ok(())
}
