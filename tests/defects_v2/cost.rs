//! The cost of a change.

use std::sync::atomic::{AtomicUsize, Ordering};

use hyperstack_sdk::prelude::*;
use hyperstack_sdk::testing::{Sort, TestServer};
use serde_json::json;

use super::client;
use crate::support::*;

static COMPARED: AtomicUsize = AtomicUsize::new(0);
static COPIED: AtomicUsize = AtomicUsize::new(0);

/// A row that counts how often rows are copied and compared.
#[derive(Debug, Entity, Views)]
#[view(best)]
struct Counted {
    name: String,
    score: u64,
}

impl Clone for Counted {
    fn clone(&self) -> Self {
        COPIED.fetch_add(1, Ordering::Relaxed);
        Counted {
            name: self.name.clone(),
            score: self.score,
        }
    }
}

impl PartialEq for Counted {
    fn eq(&self, other: &Self) -> bool {
        COMPARED.fetch_add(1, Ordering::Relaxed);
        (&self.name, self.score) == (&other.name, other.score)
    }
}

// A20
#[tokio::test]
async fn a_change_touches_its_own_row_and_no_other() -> anyhow::Result<()> {
    const ROWS: usize = 2000;
    const CHANGES: usize = 500;
    let server = TestServer::builder()
        .protocol(Protocol::V2)
        .view_unlimited("Counted/best", Sort::desc("score"))
        .start()
        .await?;
    let put = |n: usize, score: usize| {
        let name = format!("k{n}");
        server.upsert(
            "Counted",
            &name,
            json!({"name": name, "score": score.to_string()}),
        );
    };
    (0..ROWS).for_each(|n| put(n, n));
    let hs = client(&server).connect().await?;
    let views = hs.views::<CountedViews>();
    let (mut list, mut best) = (hs.watch::<Counted>(), views.best().watch());
    for _ in 0..ROWS {
        next(&mut list).await;
        next(&mut best).await;
    }
    COMPARED.store(0, Ordering::Relaxed);
    COPIED.store(0, Ordering::Relaxed);
    for n in 0..CHANGES {
        put(n * 3 % ROWS, ROWS + n);
        next(&mut list).await;
        next(&mut best).await;
    }
    let (compared, copied) = (
        COMPARED.load(Ordering::Relaxed),
        COPIED.load(Ordering::Relaxed),
    );
    // A few for each of the two streams, whatever the number of rows.
    assert!(compared <= 8 * CHANGES, "{compared} comparisons");
    assert!(copied <= 8 * CHANGES, "{copied} copies");
    assert_eq!(
        views.best().get_sync()[0].score,
        (ROWS + CHANGES - 1) as u64
    );
    Ok(())
}
