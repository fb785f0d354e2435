//! Move from `hyperstack-sdk` 0.6 or `arete-a4-sdk`.
//!
//! Both published clients read rows with serde and merge JSON. This SDK derives the decoder and the merge from your
//! structs, so start there: add `Entity` and `Views` to the derives of an entity, `Section` to those of a nested struct
//! that merges field by field, and `Leaf` to those of a type that is replaced as a whole. Or let
//! `hs sdk create rust <stack>` write the crate from a stack file. Your `Option` and `Option<Option<_>>` fields stay as
//! they are. If you keep `Serialize` and `Deserialize`, `#[serde(rename)]`, `rename_all`, `alias`, `default` and `skip`
//! apply here too. Otherwise write `#[field(rename = "..")]` and `#[entity(rename_all = "..")]` instead.
//!
//! # From `hyperstack-sdk` 0.6
//!
//! | 0.6 | here |
//! |---|---|
//! | `HyperStack::<OreStack>::connect()` | [`OreStack::connect()`](crate::Stack), or `HyperStack::connect(url)` |
//! | `HyperStack::<OreStack>::connect_url(url)` | `HyperStack::connect(url)` |
//! | `hs.views.ore_round.latest().get()` | `ore.ore_round.latest().get()` on the client of a [`Stack`](crate::Stack), or `hs.views::<OreRoundViews>().latest().get()` |
//! | `view.watch().filter(path, value).skip(n).take(n)` | `view.filter(path, value).skip(n).take(n).watch()` |
//! | `view.watch().with_snapshot(false)`, `.after(cursor)`, `.with_snapshot_limit(n)` | the same methods on the view handle, before `watch()` |
//! | `view.watch().rich()` | `view.watch_rich()` |
//! | `view.watch_keys(&[..])` | `views.state().watch_keys(&[..])` |
//! | `builder.auth_token(token)` | `builder.token(token)` |
//! | `builder.get_token(closure)` | `builder.token_provider(closure)` |
//! | `TokenTransport::QueryParameter`, the default | `builder.token_in_query("hs_token")`; the default is a header |
//! | `builder.publishable_key(key)`, `.api_key(key)`, `.token_endpoint(url)` | the same, with the feature `token-endpoint` |
//! | `hs.subscribe_socket_issues()` | `hs.socket_issues()`, a `Stream` |
//! | `hs.last_socket_issue()` | no counterpart: keep the latest item of an `hs.socket_issues()` stream |
//! | `hs.store()` | `get_sync`, `list_sync` |
//! | `HyperStackError` | one error type for each operation: [`ConnectError`](crate::ConnectError), [`ReadError`](crate::ReadError), [`StreamError`](crate::StreamError) |
//! | `SocketIssue` | [`wire::Issue`](crate::wire::Issue) |
//!
//! # From `arete-a4-sdk`
//!
//! | `arete-a4-sdk` | here |
//! |---|---|
//! | `Arete::<OreStack>::builder().connect()` | `OreStack::builder().connect()` |
//! | `a4.views.ore_round.latest().get_one()` | declare the view `single`: `ore.ore_round.latest().get()` is an `Option` |
//! | `view.get_with(GetOptions::new().filter(..).take(n))` | `view.filter(..).take(n).try_get()` |
//! | `GetOptions::timeout(duration)` | `builder.initial_data_timeout(duration)` |
//! | `view.listen()`, `view.watch()`, `view.watch_rich()` | the same; filters and windows go on the view handle, before them |
//! | `view.listen_keys(&[..])` | `views.state().watch_keys(&[..])`, which yields `Update`s |
//! | `Update::Remove`, `Update::Delete` | both are [`Update::Delete`](crate::Update::Delete) |
//! | `Update::Upsert { cursor, .. }` | updates carry no cursor: the client resynchronizes by itself |
//! | `builder.secret_key(key)` | `builder.api_key(key)` |
//! | `builder.handshake_header(name, value)` | `builder.header(name, value)` |
//! | `AreteError`, `ViewError` | one error type for each operation |
//!
//! This SDK reads views. It does not build or send transactions, so keep `arete-a4-sdk` beside it if you use programs,
//! wallets or `Session`. It cannot yet select a `partition` of an entity.
//!
//! # Differences that you will notice
//!
//! - **Null and "never sent" are different.** In an `Option<Option<T>>` field, `None` means never sent, and
//!   `Some(None)` means null.
//! - **Rows are complete.** A patch of an unknown row is not shown as a row with empty fields. A row appears when all
//!   its required fields have arrived.
//! - **A bad value does not remove a row.** The field keeps its last good value, and
//!   [`HyperStack::faults`](crate::HyperStack::faults) reports the error.
//! - **An empty view answers at once**, not after the timeout.
//! - **A second stream on a view starts with its rows.**
//! - **A slow stream is [conflated](super::lag)**: it never misses the latest state of a row.
//! - **A filter is an exact match of a typed value**, checked against the struct: `filter("score", 7)`.
//! - **Streams end** when no more updates can come, and say why, instead of waiting forever.
//! - **Streams yield a `Delete` after a reconnect** if a row left a derived view (under v2: any view) in the meantime.
//! - **There is no row limit by default.** Both published clients evict rows beyond 10,000.
