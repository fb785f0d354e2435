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
//! // A part of a view: the first red player. Filters come first, then `skip`, then `take`.
//! let views = hs.views::<PlayerViews>();
//! let red = views.list().filter("team", "red").take(1).get().await;
//! assert_eq!(red.len(), 1);
//! # Ok(())
//! # }
//! ```
//!
//! # Views
//!
//! `#[derive(Views)]` makes a struct with one method for each view. [`HyperStack::views`] returns it.
//!
//! | handle | made by | `get` returns |
//! |---|---|---|
//! | [`ListView`](crate::ListView) | `views.list()` | `Vec<T>`, all rows |
//! | [`StateView`](crate::StateView) | `views.state()`, and `#[view(.., keyed)]` | `Option<T>`, by `get(key)` |
//! | [`WindowView`](crate::WindowView) | `#[view(..)]` | `Vec<T>`, in the order of the derived view |
//! | [`SingleView`](crate::SingleView) | `#[view(.., single)]` | `Option<T>`, the first row |
//!
//! [`HyperStack::list`] and [`HyperStack::get`] are shorthands for the list and the state view of an entity. If you
//! know the entities only at run time, [`HyperStack::raw`] reads rows as `serde_json::Value`.
//!
//! # Empty, loading or failed
//!
//! `get` and `list` wait until the snapshot is complete, at most for
//! [`initial_data_timeout`](crate::HyperStackBuilder::initial_data_timeout) (5 s), and return the rows that the client
//! holds. An empty view answers after a round trip. To tell an empty view from one that is still loading or that
//! failed, use `try_get` and `try_list`, which return a [`ReadError`](crate::ReadError):
//!
//! ```
//! # use hyperstack_sdk::prelude::*;
//! # use hyperstack_sdk::testing::TestServer;
//! # use serde_json::json;
//! // The server sends `lastPrice`, and the struct has neither `rename_all` nor `rename`.
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
//! joined by dots, such as `state.status`. Several filters are combined with AND. `skip(n)` and `take(n)` then cut a
//! window out of the rows that pass. Each of these methods returns a new handle, and you can use many of them at once.
//!
//! A filter is checked before the read. If the struct does not have the path, or the field cannot have the value,
//! `try_get` returns [`ReadError::Filter`](crate::ReadError::Filter), `get` returns no rows and logs a warning, and a
//! stream ends:
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
//! # Without waiting, without copying
//!
//! `get_sync` and `list_sync` return what the client holds now. They do not subscribe: they return nothing unless
//! another read or stream keeps the view subscribed. `shared()` on a handle or a stream returns rows as `Arc<T>`,
//! which share memory with the client's cache.
//!
//! [`HyperStack::views`]: crate::HyperStack::views
//! [`HyperStack::list`]: crate::HyperStack::list
//! [`HyperStack::get`]: crate::HyperStack::get
//! [`HyperStack::raw`]: crate::HyperStack::raw
