//! Move from `hyperstack-sdk` 0.6 or `arete-a4-sdk`.
//!
//! Both published clients decode rows with serde and merge JSON. This SDK generates the decoder and the merge from your
//! structs, so start with the derives:
//!
//! 1. Add `Entity` and `Views` to each entity.
//! 2. Add `Section` to each nested struct that merges field by field.
//! 3. Add `Leaf` to each enum, and to each type that is replaced as a whole.
//!
//! If you have a stack file, `hs sdk create rust <stack>` writes these structs for you. Your `Option` and
//! `Option<Option<_>>` fields stay as they are.
//!
//! If a struct keeps `Serialize` and `Deserialize`, its serde attributes (`rename`, `rename_all`, `alias`, `default`,
//! `skip`) still apply. If you remove them, write `#[field(rename = "..")]` and `#[entity(rename_all = "..")]` instead.
//!
//! # From `hyperstack-sdk` 0.6
//!
//! | 0.6 | here |
//! |---|---|
//! | `HyperStack::<OreStack>::connect()` | [`OreStack::connect()`](crate::Stack), or `HyperStack::connect(url)` |
//! | `HyperStack::<OreStack>::connect_url(url)` | `HyperStack::connect(url)` |
//! | `hs.views.ore_round.latest().get()` | `ore.ore_round.latest().get()` on the client of a [`Stack`](crate::Stack), or `hs.views::<OreRoundViews>().latest().get()` |
//! | `view.watch().filter(path, value).skip(n).take(n)` | `view.filter(path, value).skip(n).take(n).watch()` |
//! | `view.watch().with_snapshot(false)`, `.after(cursor)`, `.with_snapshot_limit(n)` | the same methods, before `watch()`, on `views.list()` only |
//! | `view.watch().rich()` | the same, or `view.watch_rich()` |
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
//! | `view.listen_keys(&[..])` | `views.state().watch_keys(&[..]).rows()` |
//! | `Update::Remove`, `Update::Delete` | both are [`Update::Delete`](crate::Update::Delete). `watch().changes()` tells them apart, with [`RowChange::Removed`](crate::RowChange::Removed) |
//! | `Update::Upsert { cursor, .. }` | no counterpart: updates have no position. The client resumes by itself |
//! | `builder.secret_key(key)` | `builder.api_key(key)` |
//! | `ARETE_API_KEY`, `ARETE_HOSTED_WEBSOCKET_SUFFIXES` | this SDK does not read them: pass the key to `builder.api_key(key)` and set the endpoint with `builder.token_endpoint(url)` |
//! | `Stack::stack_manifest_hash()`, `Stack::live_alias()` | `builder.stack_release(hash, alias)` |
//! | `builder.handshake_header(name, value)` | `builder.header(name, value)` |
//! | `AreteError`, `ViewError` | [`ConnectError`](crate::ConnectError), [`ReadError`](crate::ReadError), [`StreamError`](crate::StreamError) |
//!
//! This SDK only reads. For programs, wallets or `Session`, and to send transactions, keep using `arete-a4-sdk` as
//! well. The SDK cannot yet select a `partition` of an entity.
//!
//! # Differences that you will notice
//!
//! - **Null and "never sent" are different.** In an `Option<Option<T>>` field, `None` means never sent, and
//!   `Some(None)` means null.
//! - **Rows are complete.** If the first message for a row is a patch, you do not see a half-empty row. The row appears
//!   when all its required fields have arrived.
//! - **A bad value does not remove a row.** The field keeps its last good value, and
//!   [`HyperStack::faults`](crate::HyperStack::faults) reports the error.
//! - **A read of an empty view returns after about one round trip**, not after the timeout.
//! - **Every stream starts with the current rows**, even if another stream already reads the view.
//! - **A slow stream [conflates](super::lag)**: you always get the latest state of each row.
//! - **A filter compares typed values for equality**: `filter("score", 7)`. A wrong field name or type is an error.
//! - **Streams end** when no more updates can come, instead of waiting forever. `end_reason()` says why.
//! - **A stream does not keep the client alive.** If you return a stream and drop the client, call `keep_alive()` on
//!   the stream.
//! - **After a reconnect, a stream yields a `Delete`** for each row that left the view in the meantime. (Lists of
//!   Hyperstack servers do not report deletions.)
//! - **There is no row limit by default.** Both published clients evict rows beyond 10,000.
