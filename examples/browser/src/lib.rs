//! Serves the rows of a view to browsers: a page, and the live changes as server-sent events.

mod market;

use axum::extract::State;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::Html;
use axum::routing::get;
use axum::Router;
use futures_util::stream::select;
use hyperstack_sdk::prelude::*;
use hyperstack_sdk::Stream;
use serde::Serialize;

pub use market::market;

/// The fields of the server's entity that the page shows.
#[derive(Debug, Clone, PartialEq, Entity, Serialize)]
pub struct PumpfunToken {
    info: Info,
    trading: Trading,
}

#[derive(Debug, Clone, PartialEq, Section, Serialize)]
struct Info {
    name: Option<String>,
    symbol: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Section, Serialize)]
struct Trading {
    last_trade_price: Option<f64>,
    total_trades: Option<u64>,
    total_volume: Option<u64>,
}

/// Returns the web service: the page at `/`, and its data at `/events`.
pub fn router(hs: HyperStack) -> Router {
    Router::new()
        .route("/", get(|| async { Html(include_str!("page.html")) }))
        .route("/events", get(events))
        .with_state(hs)
}

/// Streams the rows that exist, then each change, and the state of the connection to the Hyperstack server.
///
/// Each browser has a stream of its own, so it misses nothing and repeats nothing. This is cheap: all streams share one
/// subscription, one cache, and through `shared()` also the rows. A slow browser gets the latest state of each row.
async fn events(
    State(hs): State<HyperStack>,
) -> Sse<impl Stream<Item = Result<Event, axum::Error>>> {
    let changes = hs.watch::<PumpfunToken>().shared().changes();
    let states = hs.connection_states().map(|change| event("state", &change));
    let events = select(changes.map(|change| event("change", &change)), states);
    Sse::new(events).keep_alive(KeepAlive::default())
}

fn event(name: &str, data: &impl Serialize) -> Result<Event, axum::Error> {
    let json = serde_json::to_string(data).map_err(axum::Error::new)?;
    Ok(Event::default().event(name).data(json))
}
