//! The derives: every attribute with an example, and how a patch merges.
//!
//! This module holds no items. The derives are at the crate's root and in the
//! [`prelude`](crate::prelude).
//!
//! | derive | on | makes |
//! |---|---|---|
//! | [`Entity`](#entity) | a struct with named fields that the server knows by name | `FooPatch`, the merge of one into `Foo`, and the marker `FooEntity` |
//! | [`Section`](#section) | a nested struct that is merged field by field | `FooPatch`, and its merge |
//! | [`Leaf`](#leaf) | a struct, newtype or enum that is replaced whole | its decoder and encoder |
//! | [`Views`](#views-and-stack) | beside `Entity` | `FooViews`: `state()`, `list()` and an accessor for each `#[view]` |
//! | [`Stack`](#views-and-stack) | a unit struct | `FooClient`: the views of a server's entities over one connection |
//!
//! - Attributes: [`#[entity]`](#entity), [`#[section]`](#section), [`#[leaf]`](#leaf),
//!   [`#[field]`](#attributes-of-a-field), [`#[view]` and `#[stack]`](#views-and-stack), [`#[serde]`](#what-serde-is-told).
//! - Patches: [the merge table](#how-a-patch-merges), [a patch as a value](#a-patch-is-a-value),
//!   [what changed](#what-changed), [errors](#errors).
//! - [What can be a field](#what-can-be-a-field), [generics, re-exports and
//!   macros](#generics-re-exports-and-macros), [limits](#limits).
//!
//! Entities, sections and leaves are `Clone + Debug + PartialEq + Send + Sync + 'static`. They need no
//! `Default`, no `Serialize` and no `Deserialize`, and a crate that derives them needs no serde.
//!
//! # `Entity`
//!
//! | `#[entity(..)]` | |
//! |---|---|
//! | `name = "OreRound"` | the entity's name on the wire; without it, the struct's |
//! | `key = "id.round_id"` | the field that is the entity's key, by its path in Rust |
//! | `rename_all = "camelCase"` | the case of the fields' names on the wire |
//! | `crate = path` | where `hyperstack_sdk` is, if it is re-exported: [below](#generics-re-exports-and-macros) |
//!
//! The cases are serde's: `lowercase`, `UPPERCASE`, `PascalCase`, `camelCase`, `snake_case`,
//! `SCREAMING_SNAKE_CASE`, `kebab-case`, `SCREAMING-KEBAB-CASE`. A case holds for the struct that it
//! is written on, and not for the sections in it.
//!
//! ```
//! use hyperstack_sdk::prelude::*;
//!
//! #[derive(Debug, Clone, PartialEq, Entity)]
//! #[entity(name = "OreRound", key = "id.round_id", rename_all = "camelCase")]
//! struct Round {
//!     id: RoundId,
//!     total_miners: Option<u64>,
//! }
//!
//! #[derive(Debug, Clone, PartialEq, Section)]
//! struct RoundId {
//!     round_id: u64,
//! }
//!
//! let json = r#"{"id": {"round_id": 7}, "totalMiners": "12"}"#;
//! let patch: RoundPatch = serde_json::from_str(json)?;
//! let round = Round::try_from(patch)?;
//!
//! assert_eq!(<Round as Entity>::NAME, "OreRound");
//! assert_eq!(<RoundEntity as Entity>::NAME, "OreRound"); // the marker: the entity, and no values
//! assert_eq!(round.total_miners, Some(12));
//! let key: &u64 = round.key(); // by the trait `Keyed`; of the field's own type
//! assert_eq!(*key, 7);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! The path of a key is checked at compile time. It goes through sections, `Box`, `Arc`, and leaves with
//! named fields, but through no `Option`, for every row has a key. It ends at a type that is a
//! [`Key`](crate::Key): a `String`, an integer, a `char`, a `bool`, or a type of your own that implements
//! it. An entity can be a field of another one: there it is merged as a section is.
//!
//! # `Section`
//!
//! | `#[section(..)]` | |
//! |---|---|
//! | `rename_all = "camelCase"` | the case of the fields' names on the wire |
//! | `crate = path` | where `hyperstack_sdk` is, if it is re-exported |
//!
//! A patch of a section sets some of its fields and leaves the others alone:
//!
//! ```
//! use hyperstack_sdk::prelude::*;
//!
//! #[derive(Debug, Clone, PartialEq, Entity)]
//! struct Token {
//!     trading: Trading,
//! }
//!
//! #[derive(Debug, Clone, PartialEq, Section)]
//! #[section(rename_all = "camelCase")]
//! struct Trading {
//!     last_price: Option<f64>,
//!     total_volume: Option<u64>,
//! }
//!
//! let mut token = Token {
//!     trading: Trading { last_price: Some(1.5), total_volume: Some(100) },
//! };
//! token.apply(serde_json::from_str(r#"{"trading": {"lastPrice": 2.5}}"#)?)?;
//!
//! assert_eq!(token.trading.last_price, Some(2.5));
//! assert_eq!(token.trading.total_volume, Some(100)); // kept
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # `Leaf`
//!
//! | `#[leaf(..)]` on the type | |
//! |---|---|
//! | `rename_all = "snake_case"` | the case of the names on the wire, of fields or of variants |
//! | `crate = path` | where `hyperstack_sdk` is, if it is re-exported |
//!
//! | `#[leaf(..)]` on a variant | |
//! |---|---|
//! | `rename = "CLOSED"` | the variant's name on the wire |
//! | `other` | the variant that stands for every other name; it may keep the name in a `String`, `Box<str>` or `Arc<str>` |
//!
//! | a leaf's shape | its JSON |
//! |---|---|
//! | a struct with named fields | an object; fields take [`#[field(..)]`](#attributes-of-a-field), but for `append` |
//! | a newtype | what it holds; the field takes `#[field(serde)]` |
//! | a tuple struct of 2 to 12 fields | an array |
//! | an enum | a text, the variant's name; no variant has data, but for that of `other` |
//!
//! ```
//! use hyperstack_sdk::prelude::*;
//!
//! #[derive(Debug, Clone, PartialEq, Entity)]
//! struct Round {
//!     phase: Phase,
//!     place: Point,
//!     slot: Slot,
//!     range: Range,
//! }
//!
//! #[derive(Debug, Clone, PartialEq, Leaf)]
//! #[leaf(rename_all = "snake_case")]
//! enum Phase {
//!     NotStarted,
//!     #[leaf(rename = "CLOSED")]
//!     Closed,
//!     #[leaf(other)]
//!     Unknown(String),
//! }
//!
//! #[derive(Debug, Clone, PartialEq, Leaf)]
//! struct Point {
//!     x: i64,
//!     y: Option<i64>,
//! }
//!
//! #[derive(Debug, Clone, PartialEq, Leaf)]
//! struct Slot(u64);
//!
//! #[derive(Debug, Clone, PartialEq, Leaf)]
//! struct Range(u64, u64);
//!
//! let json = r#"{"phase": "not_started", "place": {"x": 1, "y": 2}, "slot": "3", "range": [4, 5]}"#;
//! let patch: RoundPatch = serde_json::from_str(json)?;
//! let mut round = Round::try_from(patch)?;
//! assert_eq!(round.phase, Phase::NotStarted);
//! assert_eq!((&round.slot, &round.range), (&Slot(3), &Range(4, 5)));
//!
//! round.apply(serde_json::from_str(r#"{"phase": "CLOSED", "place": {"x": 6}}"#)?)?;
//! assert_eq!(round.phase, Phase::Closed);
//! assert_eq!(round.place, Point { x: 6, y: None }); // replaced whole: `y` is not kept
//!
//! round.apply(serde_json::from_str(r#"{"phase": "Paused"}"#)?)?;
//! assert_eq!(round.phase, Phase::Unknown("Paused".to_owned()));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Attributes of a field
//!
//! `#[field(..)]` stands on the named fields of entities, sections and leaves.
//!
//! | `#[field(..)]` | |
//! |---|---|
//! | `rename = "name"` | the field's name on the wire |
//! | `alias = "name"` | another name that it is read by; repeatable |
//! | `default` | what it is where it was never sent, and where null comes but its type knows no null: the type's default. What is sent merges into it |
//! | `default = expr` | the same, with the value of an expression |
//! | `append(max = N)` | a `Vec` that keeps its newest `N` elements; `N` is any constant of type `usize` |
//! | `serde` | read by the type's own serde impls, and replaced whole: for types of other crates |
//! | `skip` | not on the wire, and left alone by every patch; at first its default |
//!
//! ```
//! use hyperstack_sdk::{prelude::*, ListPatch};
//! use std::net::Ipv4Addr;
//!
//! #[derive(Debug, Clone, PartialEq, Entity)]
//! struct Round {
//!     #[field(rename = "roundId", alias = "round_id", alias = "no")]
//!     id: u64,
//!     #[field(default)]
//!     miners: u64,
//!     #[field(default = "nobody".to_owned())]
//!     winner: String,
//!     #[field(append(max = 2))]
//!     log: Vec<u64>,
//!     #[field(serde)]
//!     address: Option<Ipv4Addr>,
//!     #[field(skip)]
//!     selected: bool,
//!     #[field(skip, default = 1.0)]
//!     zoom: f64,
//! }
//!
//! let json = r#"{"no": 7, "address": "127.0.0.1", "selected": true}"#;
//! let patch: RoundPatch = serde_json::from_str(json)?;
//! assert_eq!(serde_json::to_string(&patch)?, r#"{"roundId":7,"address":"127.0.0.1"}"#);
//!
//! let mut round = Round::try_from(patch)?;
//! assert_eq!((round.id, round.miners, &*round.winner), (7, 0, "nobody"));
//! assert_eq!(round.address, Some(Ipv4Addr::LOCALHOST));
//! assert_eq!((round.selected, round.zoom), (false, 1.0));
//!
//! let ended = r#"{"winner": "ada", "miners": 5, "log": [1, 2, 3], "address": null}"#;
//! round.apply(serde_json::from_str(ended)?)?;
//! assert_eq!((round.miners, &*round.winner, round.address), (5, "ada", None));
//! assert_eq!(round.log, [2, 3]);
//!
//! // The server says which lists of a message are appended to; by hand, it is said so:
//! let log = Some(Some(ListPatch::Append(vec![4])));
//! round.apply(RoundPatch { log, ..RoundPatch::default() })?;
//! assert_eq!(round.log, [3, 4]);
//!
//! round.apply(serde_json::from_str(r#"{"winner": null, "miners": null}"#)?)?;
//! assert_eq!((round.miners, &*round.winner), (0, "nobody"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! - Without `append(max = N)` a list that the server appends to grows without end under protocol v1.
//! - A v2 server keeps the newest 100 elements of each array and does not say when it drops one. The client
//!   keeps as many of a list that is appended to, so that the next snapshot changes nothing. An `N` above
//!   100 has no effect there: a snapshot would cut the list. For a longer history, read the view's tape or
//!   collect the elements yourself.
//! - `serde` needs `Serialize` and `Deserialize`. There, and only there, an `Option` is known by its
//!   spelling: `Option<Ipv4Addr>` knows null, and an alias for it is whatever its serde impls say.
//! - Beside `skip` no other key of `#[field]` has a meaning, but for `default`.
//!
//! # What serde is told
//!
//! A struct may derive serde as well. What it tells serde about reading holds for its patch too, and
//! `#[field]`, `#[entity]`, `#[section]` and `#[leaf]` win where both say it.
//!
//! | `#[serde(..)]` | for a patch |
//! |---|---|
//! | `rename`, `alias`, `default`, `default = "path"` on a field | as in `#[field(..)]` |
//! | `skip`, `skip_deserializing` on a field | as `#[field(skip)]` |
//! | `rename_all` on the type | as in `#[entity(..)]` |
//! | `default`, `default = "path"` on the struct | a default for each field, from that of the struct |
//! | `rename`, `alias`, `other` on a variant | as in `#[leaf(..)]`, which itself has no `alias` |
//! | `transparent` on a newtype | what a leaf is anyway |
//! | `skip`, `skip_deserializing` on a variant | it is never read: its name is an unknown one |
//! | `rename` on the type, `skip_serializing`, `skip_serializing_if`, `serialize_with`, `bound`, `crate`, … | nothing: they name no field, or do not concern reading |
//! | `flatten`, `with`, `deserialize_with`, `from`, `try_from`, `into`, `remote`, `tag`, `content`, `untagged`, `deny_unknown_fields`, `transparent` elsewhere | an error, which says what to do instead |
//! | `rename(serialize = "..", deserialize = "..")`, and so `rename_all(..)` | an error: a patch is read and written under one name |
//!
//! ```
//! use hyperstack_sdk::prelude::*;
//! use serde::{Deserialize, Serialize};
//!
//! #[derive(Debug, Clone, PartialEq, Entity, Serialize, Deserialize)]
//! #[serde(rename_all = "camelCase")]
//! struct Round {
//!     #[serde(alias = "no")]
//!     round_id: u64,
//!     #[serde(rename = "pot", skip_serializing_if = "Option::is_none")]
//!     motherlode: Option<f64>,
//!     #[serde(default)]
//!     miners: u64,
//!     #[serde(default = "nobody")]
//!     winner: String,
//!     #[serde(skip)]
//!     selected: bool,
//!     #[serde(rename = "phase")]
//!     #[field(rename = "roundPhase")] // wins for the patch
//!     phase: Option<String>,
//! }
//!
//! fn nobody() -> String {
//!     "nobody".to_owned()
//! }
//!
//! let json = r#"{"no": 7, "pot": 1.5, "roundPhase": "open", "selected": true}"#;
//! let round = Round::try_from(serde_json::from_str::<RoundPatch>(json)?)?;
//! assert_eq!((round.round_id, round.motherlode, round.miners), (7, Some(1.5), 0));
//! assert_eq!((&*round.winner, round.phase.as_deref()), ("nobody", Some("open")));
//! assert!(!round.selected);
//!
//! let by_serde: Round = serde_json::from_str(json)?;
//! assert_eq!(by_serde, Round { phase: None, ..round });
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # `Views` and `Stack`
//!
//! | `#[view(name, ..)]`, repeatable | the accessor `name()` |
//! |---|---|
//! | `#[view(richest)]`, `#[view(richest, collection)]` | [`WindowView`](crate::WindowView): the view's rows in its order |
//! | `#[view(latest, single)]` | [`SingleView`](crate::SingleView): one row or none |
//! | `#[view(by_mint, keyed)]` | [`StateView`](crate::StateView): one row at a time, by its key |
//! | `id = "OreRound/top5"` | the view's id; without it, the entity's name and the view's: `OreRound/richest` |
//!
//! | `#[stack(..)]` | |
//! |---|---|
//! | `url = "wss://ore.example"` | where the server is; without it there is no `connect()`, only `connect_to(url)` |
//! | `entities(OreRound, OreTreasury)` | what it serves: structs that derive `Entity` and `Views` |
//! | `name = "ore"` | what the stack is called; without it, the struct's name |
//! | `crate = path` | where `hyperstack_sdk` is, if it is re-exported |
//!
//! `Views` has no `crate` of its own: it takes that of `#[entity(..)]`.
//!
//! ```
//! use hyperstack_sdk::prelude::*;
//! # #[cfg(feature = "testing")]
//! use hyperstack_sdk::testing::TestServer;
//!
//! #[derive(Debug, Clone, PartialEq, Entity, Views)]
//! #[view(latest, single)]
//! #[view(richest, id = "OreRound/top5")]
//! #[view(by_address, keyed)]
//! struct OreRound {
//!     motherlode: Option<f64>,
//! }
//!
//! #[derive(Debug, Clone, PartialEq, Entity, Views)]
//! struct OreTreasury {
//!     balance: Option<u64>,
//! }
//!
//! #[derive(Stack)]
//! #[stack(name = "ore", url = "wss://ore.example", entities(OreRound, OreTreasury))]
//! struct OreStack;
//!
//! # #[cfg(feature = "testing")]
//! #[tokio::main]
//! async fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     assert_eq!((OreStack::NAME, OreStack::URL), ("ore", "wss://ore.example"));
//!
//!     let server = TestServer::builder().entity("OreTreasury").start().await?;
//!     server.upsert("OreTreasury", "main", serde_json::json!({"balance": 5}));
//!     let ore = OreStack::connect_to(server.url()).await?; // `connect()` goes to `URL`
//!
//!     let latest: SingleView<OreRound> = ore.ore_round.latest();
//!     let richest: WindowView<OreRound> = ore.ore_round.richest();
//!     let by_address: StateView<OreRound> = ore.ore_round.by_address();
//!     assert_eq!(latest.id(), "OreRound/latest");
//!     assert_eq!(richest.id(), "OreRound/top5");
//!     assert_eq!(by_address.id(), "OreRound/by_address");
//!
//!     // Every entity has `state()` and `list()`. Without a stack: `hs.views::<OreTreasuryViews>()`.
//!     let treasury = ore.ore_treasury.state().get("main").await;
//!     assert_eq!(treasury.and_then(|treasury| treasury.balance), Some(5));
//!     Ok(())
//! }
//! # #[cfg(not(feature = "testing"))]
//! # fn main() {}
//! ```
//!
//! # How a patch merges
//!
//! A field of a patch is an `Option<Option<_>>`: absent (`None`), null (`Some(None)`) or a value
//! (`Some(Some(_))`). What each of them does depends on the type of the field, however it is spelled:
//!
//! | field | absent | null | value |
//! |---|---|---|---|
//! | `T` (scalar, tuple, array, leaf) | keeps | an error, unless it has a default | replaces |
//! | `Option<T>` | keeps | `None` | `Some`; merges as `T` does where there is one |
//! | `Option<Option<T>>` | keeps; at first `None`, never received | `Some(None)` | `Some(Some(_))`, likewise |
//! | a section | keeps | as for `T` | merges field by field |
//! | `Vec<T>`, a set | keeps | as for `T` | replaces; is appended to (added to) where the server says so: [`ListPatch`](crate::ListPatch) |
//! | a map | keeps | as for `T` | merges key by key; a null removes its key, unless the map's values know null: [`MapPatch`](crate::MapPatch) |
//! | `serde_json::Value` | keeps | `Value::Null` | merges as the server merges JSON: objects key by key, all else replaces: [`JsonPatch`](crate::JsonPatch) |
//!
//! `Box<T>` and `Arc<T>` are as `T`. What a value is made of that is built from a patch alone
//! (`Foo::try_from(patch)`, the first frame of a row, a section that was `None`, a new key of a map):
//!
//! | field that was never sent | |
//! |---|---|
//! | with `default` or `skip` | the default |
//! | `Option<T>` | `None` |
//! | `Vec<T>`, a map, a set | empty |
//! | `serde_json::Value` | `Value::Null` |
//! | a section | built from the empty patch |
//! | all else | required: without it there is no value, and the error says what is missing |
//!
//! ```
//! use hyperstack_sdk::prelude::*;
//! use serde_json::{json, Value};
//! use std::collections::BTreeMap;
//!
//! #[derive(Debug, Clone, PartialEq, Entity)]
//! struct Round {
//!     id: u64,
//!     motherlode: Option<f64>,
//!     expires_at: Option<Option<i64>>,
//!     state: State,
//!     bonus: Option<State>,
//!     winners: Vec<String>,
//!     bets: BTreeMap<String, u64>,
//!     raw: Value,
//! }
//!
//! #[derive(Debug, Clone, PartialEq, Section)]
//! struct State {
//!     miners: Option<u64>,
//!     squares: Option<u64>,
//! }
//!
//! fn patch(json: Value) -> RoundPatch {
//!     serde_json::from_value(json).unwrap()
//! }
//!
//! // Never sent.
//! let mut round = Round::try_from(patch(json!({"id": 7})))?;
//! assert_eq!((round.motherlode, round.expires_at, &round.bonus), (None, None, &None));
//! assert_eq!(round.state, State { miners: None, squares: None });
//! assert!(round.winners.is_empty() && round.bets.is_empty() && round.raw.is_null());
//!
//! // Values.
//! round.apply(patch(json!({
//!     "motherlode": 1.5, "expires_at": 9, "state": {"miners": 1}, "bonus": {"miners": 2},
//!     "winners": ["ada", "bob"], "bets": {"ada": 3, "bob": 4}, "raw": {"a": 1},
//! })))?;
//!
//! // They merge into what is there.
//! round.apply(patch(json!({
//!     "state": {"squares": 5}, "bonus": {"squares": 6}, "winners": ["eve"],
//!     "bets": {"bob": null, "eve": 7}, "raw": {"b": [2]},
//! })))?;
//! assert_eq!(round.id, 7);
//! assert_eq!(round.state, State { miners: Some(1), squares: Some(5) });
//! assert_eq!(round.bonus, Some(State { miners: Some(2), squares: Some(6) }));
//! assert_eq!(round.winners, ["eve"]);
//! assert_eq!(round.bets, BTreeMap::from([("ada".to_owned(), 3), ("eve".to_owned(), 7)]));
//! assert_eq!(round.raw, json!({"a": 1, "b": [2]}));
//!
//! // Null.
//! round.apply(patch(json!({"motherlode": null, "expires_at": null, "bonus": null})))?;
//! assert_eq!((round.motherlode, round.expires_at, &round.bonus), (None, Some(None), &None));
//! assert!(round.apply(patch(json!({"id": null}))).is_err());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # A patch is a value
//!
//! `FooPatch` has the fields of `Foo` that are on the wire, as public as they are there, with their
//! documentation. It is `Default`, `Debug`, `Clone`, `PartialEq`, `Serialize` and `Deserialize`. The
//! methods are those of the traits [`Patch`](crate::Patch) and [`Patchable`](crate::Patchable).
//!
//! | | |
//! |---|---|
//! | `round.apply(patch)` | merges it; on an error `round` is unchanged |
//! | `round.diff(&later)` | the least patch that turns `round` into `later` |
//! | `Round::try_from(patch)` | a value from the patch alone |
//! | `first.then(second)` | both in one, in that order |
//! | `patch.is_empty()` | whether it sets nothing |
//! | `patch.changed_fields()` | what it sets: dotted paths of names on the wire |
//!
//! ```
//! use hyperstack_sdk::prelude::*;
//!
//! #[derive(Debug, Clone, PartialEq, Entity)]
//! struct Player {
//!     name: String,
//!     score: i64,
//!     medals: Option<Medals>,
//! }
//!
//! #[derive(Debug, Clone, PartialEq, Section)]
//! struct Medals {
//!     gold: u64,
//! }
//!
//! // `Default` sets nothing, and so does what is left out.
//! let scored = PlayerPatch { score: Some(Some(5)), ..PlayerPatch::default() };
//! assert!(PlayerPatch::default().is_empty() && !scored.is_empty());
//!
//! // `Debug` shows what is set, without the outer `Some`.
//! assert_eq!(format!("{scored:?}"), "PlayerPatch { score: Some(5) }");
//!
//! // JSON is what the server would send.
//! let json = serde_json::to_string(&scored)?;
//! assert_eq!(json, r#"{"score":5}"#);
//! assert_eq!(serde_json::from_str::<PlayerPatch>(&json)?, scored);
//!
//! // Two patches are one.
//! let first: PlayerPatch = serde_json::from_str(r#"{"name": "Ada", "score": 1}"#)?;
//! let both = first.clone().then(scored.clone());
//! let ada = Player::try_from(both)?;
//! let mut in_turn = Player::try_from(first)?;
//! in_turn.apply(scored)?;
//! assert_eq!(ada, in_turn);
//!
//! // The difference of two values.
//! let later = Player { medals: Some(Medals { gold: 1 }), ..ada.clone() };
//! let patch = ada.diff(&later);
//! assert_eq!(patch.changed_fields(), ["medals.gold"]);
//! let mut ada = ada;
//! ada.apply(patch)?;
//! assert_eq!(ada, later);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! These laws hold, and are tested over generated structs, for floats that are finite:
//!
//! - What `a.diff(&b)` says turns `a` into `b`, as far as a patch can say `b`: none takes a value back to
//!   "never received", or drops a key from raw JSON or from a map whose values know null. `diff` never
//!   appends.
//! - Applying `p.then(q)` is applying `p`, then `q`, where both succeed, and `q` does not merge into what
//!   `p` nulled, removed, or replaced by JSON of another kind.
//! - `then` is associative, and the empty patch changes nothing on either side.
//! - A patch that was written is read back as it was, appending aside: JSON has no word for that. The
//!   empty patch is `{}`.
//! - The merge is the server's own merge of JSON, but for leaves, which are replaced whole, and for the
//!   server's limit on the length of arrays.
//!
//! # What changed?
//!
//! Did the price change? The compiler knows the field, and no name is spelled out:
//!
//! ```
//! use hyperstack_sdk::prelude::*;
//!
//! #[derive(Debug, Clone, PartialEq, Entity)]
//! struct Token {
//!     trading: Trading,
//!     holders: Option<u64>,
//! }
//!
//! #[derive(Debug, Clone, PartialEq, Section)]
//! struct Trading {
//!     price: Option<f64>,
//!     volume: Option<u64>,
//! }
//!
//! let before = Token { trading: Trading { price: Some(1.5), volume: None }, holders: None };
//! let mut after = before.clone();
//! after.trading.price = Some(2.5);
//! let key = "So1".to_owned();
//! // What `watch_rich()` yields.
//! let update = RichUpdate::Updated { key, before, after, patch: None };
//!
//! // A row's field, or anything else that is read from a row.
//! assert!(update.changed(|token| token.trading.price));
//! assert!(update.changed(|token| &token.trading));
//! assert!(!update.changed(|token| (token.trading.volume, token.holders)));
//!
//! // The typed patch between the two, and its fields.
//! let patch = update.diff().unwrap();
//! let trading = patch.trading.as_ref().and_then(|trading| trading.as_ref());
//! assert_eq!(trading.and_then(|trading| trading.price), Some(Some(2.5)));
//! assert_eq!(patch.holders, None); // not touched
//!
//! // Names, to be logged or counted.
//! assert_eq!(patch.changed_fields(), ["trading.price"]);
//! ```
//!
//! `changed` and `diff` compare the row that this reader had with the row as it is, whatever messages
//! lie between. They are about updates: of a row that was created or deleted no field has changed. By the
//! names on the wire, [`has_patch_field("trading.price")`](crate::RichUpdate::has_patch_field) asks.
//!
//! # Errors
//!
//! An error says where it is: the entity, and the path by the names on the wire, with indices. On a
//! stream a field that does not fit is an error of [`try_watch`](crate::ListView::try_watch), a
//! [`RowError`](crate::RowError). The field keeps its last good value, and the rest of the update applies.
//!
//! ```
//! use hyperstack_sdk::{prelude::*, PatchErrorKind};
//!
//! #[derive(Debug, Clone, PartialEq, Entity)]
//! #[entity(name = "OreRound")]
//! struct Round {
//!     state: State,
//! }
//!
//! #[derive(Debug, Clone, PartialEq, Section)]
//! #[section(rename_all = "camelCase")]
//! struct State {
//!     round_id: u64,
//!     last_bets: Vec<u64>,
//! }
//!
//! // Bytes that are no patch.
//! let json = r#"{"state": {"lastBets": [1, 2, "3", 4.5]}}"#;
//! let error = serde_json::from_str::<RoundPatch>(json).unwrap_err().to_string();
//! assert!(error.starts_with("OreRound.state.lastBets[3]: "), "{error}");
//!
//! // A patch that is no whole value.
//! let error = Round::try_from(RoundPatch::default()).unwrap_err();
//! assert_eq!((error.path(), error.kind()), ("state.roundId", PatchErrorKind::Missing));
//! assert!(error.to_string().starts_with("OreRound.state.roundId: missing, and `u64` is required"));
//!
//! // A null where the type knows none. Nothing is merged then.
//! let mut round = Round { state: State { round_id: 1, last_bets: Vec::new() } };
//! let patch = serde_json::from_str(r#"{"state": {"lastBets": [1], "roundId": null}}"#)?;
//! let error = round.apply(patch).unwrap_err();
//! assert_eq!((error.path(), error.kind()), ("state.roundId", PatchErrorKind::Null));
//! assert!(round.state.last_bets.is_empty());
//! # Ok::<(), serde_json::Error>(())
//! ```
//!
//! A mistake in a struct or an attribute is, as a rule, one error of the compiler, which says what would be right: an
//! unknown key has the nearest known one in its message, and a type that cannot be a field has the ways to
//! make it one.
//!
//! # What can be a field
//!
//! | | |
//! |---|---|
//! | integers of every width | from a JSON number or a string of digits, at any depth and of up to 128 bits: the server turns what exceeds 2⁵³ into strings. A fraction or an overflow is an error |
//! | `f32`, `f64` | from a number, or a string with an integer |
//! | `bool`, `char`, `String` | as in JSON |
//! | `Option<T>`, `Box<T>`, `Arc<T>` | of any field |
//! | `Vec<T>` | of any field |
//! | `BTreeSet<T>`, `HashSet<T>` | of fields that are `Ord`, `Eq + Hash` |
//! | `BTreeMap<K, V>`, `HashMap<K, V>` | of a [`Key`](crate::Key) and any field |
//! | `[T; N]`, tuples of up to 12 | of any fields |
//! | `serde_json::Value` | any JSON. A number beyond 64 bits becomes a float, unless a crate in the build turns on serde_json's `arbitrary_precision` |
//! | what derives `Entity`, `Section` or `Leaf` | |
//! | any type with `Serialize` and `Deserialize` | by `#[field(serde)]`; inside of another type, by a newtype that derives `Leaf` around it |
//!
//! Fields that the wire has and the struct has not are ignored.
//!
//! # Generics, re-exports and macros
//!
//! Type and const parameters work, with and without bounds and defaults: what the derive needs of a
//! parameter it asks for itself. A patch has the parameters of its struct. `Views` and `Stack` take none.
//!
//! `crate = path` is for a crate that re-exports this one, so that its users do not depend on it
//! themselves. Structs may come out of a macro, which may name the SDK by `$crate`.
//!
//! ```
//! mod facade {
//!     pub mod sdk {
//!         pub use hyperstack_sdk::*;
//!     }
//! }
//!
//! use facade::sdk::prelude::*;
//!
//! #[derive(Debug, Clone, PartialEq, Entity, Views)]
//! #[entity(crate = crate::facade::sdk)]
//! struct Auction {
//!     bids: Page<Bid>,
//! }
//!
//! #[derive(Stack)]
//! #[stack(crate = crate::facade::sdk, url = "ws://localhost:8877", entities(Auction))]
//! struct House;
//!
//! #[derive(Debug, Clone, PartialEq, Section)]
//! #[section(crate = crate::facade::sdk)]
//! struct Page<T, const N: usize = 2> {
//!     #[field(append(max = N))]
//!     items: Vec<T>,
//!     total: Option<u64>,
//! }
//!
//! macro_rules! leaves {
//!     ($($name:ident { $($field:ident: $ty:ty),* })*) => {$(
//!         #[derive(Debug, Clone, PartialEq, Leaf)]
//!         #[leaf(crate = $crate::facade::sdk)]
//!         struct $name {
//!             $($field: $ty),*
//!         }
//!     )*};
//! }
//!
//! leaves! {
//!     Bid { amount: u64 }
//! }
//!
//! fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let json = r#"{"bids": {"items": [{"amount": 1}, {"amount": 2}, {"amount": 3}]}}"#;
//!     let auction = Auction::try_from(serde_json::from_str::<AuctionPatch>(json)?)?;
//!     assert_eq!(auction.bids.items, [Bid { amount: 2 }, Bid { amount: 3 }]);
//!
//!     let mut page = PagePatch::<Bid>::default();
//!     page.total = Some(Some(3));
//!     let patch = AuctionPatch { bids: Some(Some(page)) };
//!     assert_eq!(patch.changed_fields(), ["bids.total"]);
//!     assert_eq!(House::NAME, "House"); // its own name, where none is given
//!     Ok(())
//! }
//! ```
//!
//! # Limits
//!
//! - No lifetime parameters and no references: what is streamed owns its data.
//! - A large entity takes stack, because rows and patches are moved by value. On a Tokio worker with its default stack of
//!   2 MiB, entities of up to 100 kB (`size_of`) work in a debug build, and of up to 130 kB in a release build. Without
//!   `watch_rich`, whose updates hold two rows, the limits are 120 kB and 250 kB. For a larger entity, put its arrays into a
//!   `Box` or a `Vec`, or set a larger `thread_stack_size` in the runtime's builder.
//! - An entity or section is a struct with named fields. A leaf enum has names, without data. An enum with
//!   data, tagged or not, is a field by its serde impls: `#[field(serde)]`.
//! - No `flatten`: nest a section, as the wire does.
//! - Null and "never sent" are told apart by two `Option`s. A third one adds nothing.
//! - No patch takes a value back to "never sent", or says "null, and then merge this".
//! - A patch appends to a list at its end, or replaces it. It does not remove or change single elements.
//! - `append(max = N)` is for a `Vec`, in any number of `Option`s. Sets are not trimmed.
//! - The name that a derive makes (`FooPatch`, `FooEntity`, `FooViews`, `FooClient`) must be free where the
//!   struct is.
//! - Where `T` is a parameter, `FooPatch<T>` cannot be named, for what it asks of `T` has no public name:
//!   write `<Foo<T> as Patchable>::Patch`.
//! - After null an optional section is `None`, its default notwithstanding: what merges into it then must
//!   be whole.
//! - Two views of one shape on one struct make clippy ask about `duplicated_attributes`, which they are
//!   not: `#[allow(clippy::duplicated_attributes)]` on the struct answers.
