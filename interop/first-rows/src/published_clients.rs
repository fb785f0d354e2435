//! The published clients: `arete-a4-sdk` 0.51.2 (v2) and `hyperstack-sdk` 0.6.9 (v1).

use std::time::{Duration, Instant};

use serde_json::Value;

/// A stack that accepts any view.
struct Any;

struct AreteViews(arete_a4_sdk::ViewBuilder);

impl arete_a4_sdk::Stack for Any {
    type Views = AreteViews;
    type Programs = ();

    fn name() -> &'static str {
        "first-rows"
    }

    fn url() -> &'static str {
        ""
    }
}

impl arete_a4_sdk::Views for AreteViews {
    fn from_builder(builder: arete_a4_sdk::ViewBuilder) -> Self {
        AreteViews(builder)
    }
}

struct HyperstackViews(published::ViewBuilder);

impl published::Stack for Any {
    type Views = HyperstackViews;

    fn name() -> &'static str {
        "first-rows"
    }

    fn url() -> &'static str {
        ""
    }
}

impl published::Views for HyperstackViews {
    fn from_builder(builder: published::ViewBuilder) -> Self {
        HyperstackViews(builder)
    }
}

/// From the call to the rows.
pub async fn by_arete(url: &str) -> Duration {
    let arete = arete_a4_sdk::Arete::<Any>::connect_url(url).await;
    let arete = arete.expect("a connection");
    let AreteViews(views) = &arete.views;
    let start = Instant::now();
    let rows = views.view::<Value>("Player/list").get().await;
    let elapsed = start.elapsed();
    assert_eq!(rows.len(), 1);
    arete.disconnect().await;
    elapsed
}

/// From the call to the rows.
pub async fn by_hyperstack(url: &str) -> Duration {
    let hyperstack = published::HyperStack::<Any>::connect_url(url).await;
    let hyperstack = hyperstack.expect("a connection");
    let HyperstackViews(views) = &hyperstack.views;
    let start = Instant::now();
    let rows = views.view::<Value>("Player/list").get().await;
    let elapsed = start.elapsed();
    assert_eq!(rows.len(), 1);
    hyperstack.disconnect().await;
    elapsed
}
