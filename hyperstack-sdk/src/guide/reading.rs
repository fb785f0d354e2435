//! Read rows once.
//!
//! ```
//! use hyperstack_sdk::prelude::*;
//! use hyperstack_sdk::testing::TestServer;
//! use serde_json::json;
//!
//! #[derive(Debug, Clone, PartialEq, Entity, Views)]
//! struct Player {
//!     name: String,
//!     team: Option<String>,
//!     score: i64,
//! }
//!
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let server = TestServer::builder().entity("Player").start().await?;
//! for (key, team, score) in [("ada", "red", 3), ("bob", "blue", 1), ("eve", "red", 2)] {
//!     server.upsert("Player", key, json!({"name": key, "team": team, "score": score}));
//! }
//! let hs = HyperStack::connect(server.url()).await?;
//!
//! // All rows, and one row by its key.
//! let players: Vec<Player> = hs.list::<Player>().await;
//! assert_eq!(players.len(), 3);
//! let bob: Option<Player> = hs.get::<Player>("bob").await;
//! assert_eq!(bob.map(|bob| bob.score), Some(1));
//!
//! // The first red player. Filters apply first, then `skip`, then `take`, in whatever order you call them.
//! let views = hs.views::<PlayerViews>();
//! let red = views.list().filter("team", "red").take(1).get().await;
//! assert_eq!(red.len(), 1);
//! # Ok(())
//! # }
//! ```
//!
//! # Views
//!
//! `#[derive(Views)]` on `Player` generates `PlayerViews`, which has one method for each view.
//! [`hs.views::<PlayerViews>()`](crate::HyperStack::views) returns it.
//!
//! Every entity has a list view, with all of its rows, and a state view, which reads single rows by key. A *derived
//! view* is a list that the server sorts and limits, such as `Player/top10`. Declare each one that you want to read
//! with `#[view(name)]`; see [the derives](crate::derives#views-and-stack).
//!
//! | handle | made by | `get` returns |
//! |---|---|---|
//! | [`ListView`](crate::ListView) | `views.list()` | `Vec<T>`, all rows, the most recently changed first |
//! | [`StateView`](crate::StateView) | `views.state()`, and `#[view(.., keyed)]` | `Option<T>`, by `get(key)` |
//! | [`WindowView`](crate::WindowView) | `#[view(..)]` | `Vec<T>`, in the order of the derived view |
//! | [`SingleView`](crate::SingleView) | `#[view(.., single)]` | `Option<T>`, the first row |
//!
//! [`hs.list::<T>()`](crate::HyperStack::list) is short for `views.list().get()`, and
//! [`hs.get::<T>(key)`](crate::HyperStack::get) for `views.state().get(key)`. If you learn an entity's name only at run
//! time, use [`hs.raw(name)`](crate::HyperStack::raw): its rows are `serde_json::Value`s.
//!
//! The first read of a view subscribes to it. The client stays subscribed for 5 seconds after the last read
//! ([`linger`](crate::HyperStackBuilder::linger)), so another read in that time costs no request. If you read a view
//! again and again, keep a [stream](super::streaming) open instead.
//!
//! # Empty, loading or failed
//!
//! `get` and `list` wait for the complete snapshot, for at most
//! [`initial_data_timeout`](crate::HyperStackBuilder::initial_data_timeout) (5 s). Then they return the rows that have
//! arrived, if any. If the view is empty, they return after about one round trip. While the client is reconnecting,
//! they wait as well, and then return the rows in the cache.
//!
//! To tell an empty view from a slow or failed one, use `try_get` or `try_list`, which return a
//! [`ReadError`](crate::ReadError). In this example, every row lacks a required field, because the server spells the
//! field's name differently:
//!
//! ```
//! # use hyperstack_sdk::prelude::*;
//! # use hyperstack_sdk::testing::TestServer;
//! # use serde_json::json;
//! // The server sends `lastPrice`: the struct should have `#[entity(rename_all = "camelCase")]`.
//! #[derive(Debug, Clone, PartialEq, Entity)]
//! struct Token {
//!     last_price: f64,
//! }
//!
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let server = TestServer::builder().entity("Token").start().await?;
//! # server.upsert("Token", "a", json!({"lastPrice": 1.5}));
//! # let hs = HyperStack::connect(server.url()).await?;
//! let error = hs.try_list::<Token>().await.unwrap_err();
//! assert!(matches!(error, ReadError::Partial { .. }));
//! assert!(error.to_string().contains("the server sends `lastPrice`"));
//! # Ok(())
//! # }
//! ```
//!
//! # Filters and windows
//!
//! `filter(path, value)` keeps the rows whose field at `path` equals `value`. The path uses the names on the wire,
//! joined by dots, such as `state.status`. Several filters are combined with AND. `skip(n)` and `take(n)` then select a
//! window of the matching rows. Each method takes the handle and returns a changed one. Clone a handle to keep the
//! original.
//!
//! A value can be text, a number, a `bool`, a leaf such as `Phase::Open`, `None::<T>` for null, or `json!(..)`; see
//! [`FilterValue`](crate::FilterValue). A list or a leaf is compared as a whole: a path cannot lead into it.
//!
//! For any other condition, use `filter_rows(closure)`. The client applies the closure, so the server sends the whole
//! view. `first()` returns a handle to the first row that is left:
//!
//! ```
//! # use hyperstack_sdk::prelude::*;
//! # use hyperstack_sdk::testing::TestServer;
//! # use serde_json::json;
//! # #[derive(Debug, Clone, PartialEq, Entity, Views)]
//! # struct Player { name: String, score: i64 }
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let server = TestServer::builder().entity("Player").start().await?;
//! # server.upsert("Player", "ada", json!({"name": "Ada", "score": 150}));
//! # let hs = HyperStack::connect(server.url()).await?;
//! let players = hs.views::<PlayerViews>().list().filter_rows(|player| player.score > 100);
//! let ahead: Vec<Player> = players.get().await;
//! let latest: Option<Player> = players.first().get().await;
//! # assert_eq!((ahead.len(), latest.is_some()), (1, true));
//! # Ok(())
//! # }
//! ```
//!
//! The client checks a filter before it reads. If the struct has no such field, or if the field's type does not allow
//! the value, then `try_get` returns [`ReadError::Filter`](crate::ReadError::Filter), `get` logs a warning and returns
//! no rows, and a stream ends with [`EndReason::Filter`](crate::EndReason::Filter):
//!
//! ```
//! # use hyperstack_sdk::prelude::*;
//! # use hyperstack_sdk::testing::TestServer;
//! # #[derive(Debug, Clone, PartialEq, Entity, Views)]
//! # struct Player { name: String, team: Option<String> }
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let server = TestServer::builder().entity("Player").start().await?;
//! # let hs = HyperStack::connect(server.url()).await?;
//! let teem = hs.views::<PlayerViews>().list().filter("teem", "red");
//! let error = teem.try_get().await.unwrap_err();
//! assert_eq!(error.to_string(), "Player.teem: no such field, did you mean `team`?");
//! # Ok(())
//! # }
//! ```
//!
//! # Wait for a row
//!
//! `get` returns what is there now. To wait until a row satisfies a condition, use `wait_for(closure)`, or
//! `views.state().wait_for(key, closure)` for one row; see [streaming](super::streaming#wait-for-a-condition).
//!
//! # Without waiting, without copying
//!
//! `get_sync` and `list_sync` read the cache and never subscribe. They return rows only while a stream or a recent read
//! keeps the client subscribed to the view. `handle.shared()` and `stream.shared()` read rows as `Arc<T>` from the
//! cache, without copying them.
