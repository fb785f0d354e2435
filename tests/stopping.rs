//! However the client's task ends, its streams end too.

use hyperstack_sdk::prelude::*;
use serde_json::json;

use crate::support::*;

/// A row whose `PartialEq` panics.
#[derive(Debug, Clone, Entity)]
#[entity(name = "Game")]
struct Touchy {
    name: String,
}

impl PartialEq for Touchy {
    fn eq(&self, _: &Self) -> bool {
        panic!("a row's own code")
    }
}

#[tokio::test]
async fn a_panic_in_a_rows_code_ends_the_streams_with_the_reason() -> anyhow::Result<()> {
    let server = games().start().await?;
    let hs = client(&server).connect().await?;
    put(&server, "a", 1.0);
    let mut updates = hs.watch::<Touchy>();
    assert!(next(&mut updates).await.has_data());
    server.patch("Game", "a", json!({"name": "b"}));
    let merged = next(&mut updates).await;
    assert_eq!(merged.data().map(|row| row.name.as_str()), Some("b"));
    // A whole row is compared with the row held.
    server.send(json!({
        "mode": "list", "entity": "Game/list", "op": "upsert", "key": "a", "data": {"name": "c"},
    }));
    assert_eq!(soon(updates.next()).await.map(|_| ()), None);
    assert_eq!(
        updates.end_reason(),
        Some(&EndReason::Closed(CloseReason::Stopped))
    );
    assert_eq!(hs.connection_state().await, ConnectionState::Error);
    Ok(())
}

#[test]
fn a_runtime_that_is_shut_down_ends_the_streams_of_another() -> anyhow::Result<()> {
    let serving = tokio::runtime::Runtime::new()?;
    let server = serving.block_on(games().start())?;
    let first = tokio::runtime::Runtime::new()?;
    let hs = first.block_on(client(&server).connect())?;
    let mut updates = hs.watch::<Game>();
    let reading = tokio::runtime::Runtime::new()?;
    let read = reading.spawn(async move {
        assert_eq!(soon(updates.next()).await, None);
        updates.end_reason().cloned()
    });
    drop(first);
    assert_eq!(
        reading.block_on(read)?,
        Some(EndReason::Closed(CloseReason::Stopped))
    );
    Ok(())
}
