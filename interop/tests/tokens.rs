//! Tokens: static ones, and signed sessions.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::Arc;
use std::time::Duration;

use hyperstack_auth::Limits;
use hyperstack_interop::Mint;
use hyperstack_sdk::prelude::*;
use hyperstack_sdk::{AuthToken, TokenError, TokenProvider};
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

/// Returns a provider that passes the number of the call, from 1, to `token`, and counts its calls in
/// `calls`.
fn provider(
    calls: &Arc<AtomicU32>,
    token: impl Fn(u32) -> AuthToken + Send + Sync + 'static,
) -> impl TokenProvider {
    let calls = calls.clone();
    move || {
        let call = calls.fetch_add(1, Ordering::SeqCst) + 1;
        std::future::ready(Ok::<_, TokenError>(token(call)))
    }
}

/// The next token allows more subscriptions. The server learns of it without a new connection.
#[tokio::test]
async fn a_token_is_renewed_while_connected() -> Outcome {
    let mint = Mint::new();
    let server = players().auth(mint.plugin()).start();
    server.apply(crowd(3)).await;
    let calls = Arc::default();
    let provider = provider(&calls, move |call| {
        let jwt = mint.token_with(|claims| {
            claims.limits = Some(Limits {
                max_subscriptions: Some(if call == 1 { 2 } else { 10 }),
                ..Limits::default()
            });
        });
        let life = if call == 1 {
            Duration::from_secs(4)
        } else {
            TTL
        };
        AuthToken::new(jwt).expires_in(life)
    });
    let hs = client(&server)
        .token_provider(provider)
        .linger(Duration::ZERO)
        .connect()
        .await?;
    let views = hs.views::<PlayerViews>();
    let (mut list, mut top) = (views.list().watch(), views.top().watch());
    next(&mut list).await;
    next(&mut top).await;
    let refused = soon(views.best().try_get()).await;
    assert!(
        matches!(refused, Err(ReadError::Refused { .. })),
        "{refused:?}"
    );
    let best = soon(async {
        loop {
            held(&hs, 2).await;
            if let Ok(best) = views.best().try_get().await {
                return best;
            }
        }
    })
    .await;
    assert_eq!(
        best.into_iter().collect::<Vec<_>>(),
        server.window("Player/best", 0, 1).await
    );
    settle(&server, &mut list).await;
    assert_eq!(hs.list_sync::<Player>(), server.rows("Player/list").await);
    assert_eq!(hs.stats().reconnects, 0);
    assert_eq!(calls.load(Ordering::SeqCst), 2);
    Ok(())
}

#[tokio::test]
async fn the_provider_replaces_a_refused_token() -> Outcome {
    let mint = Mint::new();
    let server = players().auth(mint.plugin()).start();
    server.apply(crowd(3)).await;
    let calls = Arc::default();
    let provider = provider(&calls, move |call| {
        AuthToken::new(mint.token(if call == 1 { Duration::ZERO } else { TTL }))
    });
    let hs = client(&server)
        .token_provider(provider)
        .wait_for_server(true);
    let hs = soon(hs.connect()).await?;
    let read = soon(hs.try_list::<Player>()).await?;
    assert_eq!(read, server.rows("Player/list").await);
    assert_eq!(calls.load(Ordering::SeqCst), 2);
    Ok(())
}
