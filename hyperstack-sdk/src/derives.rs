//! Reference for the derives: every attribute, and how patches merge.
//!
//! This page has no items of its own. The derives are at the crate root and in the [`prelude`](crate::prelude).
//!
//! Most programs need little of this page: `Entity` and `Views` on each entity, `Section` or `Leaf` on each nested
//! type, `rename_all` if the server's names are not in snake case, and `#[field(default)]`. To see the names and values
//! that a server sends, run `hs stream <url> <entity>`.
//!
//! | derive | on | generates |
//! |---|---|---|
//! | [`Entity`](#entity) | a struct with named fields for an entity of the server | `FooPatch`, its merge into `Foo`, and the marker type `FooEntity`: `hs.list::<FooEntity>()` equals `hs.list::<Foo>()` |
//! | [`Section`](#section) | a nested struct that merges field by field | `FooPatch` and its merge into `Foo` |
//! | [`Leaf`](#leaf) | a struct, newtype or enum that is replaced as a whole | a decoder and an encoder |
//! | [`Views`](#views-and-stack) | a struct that also derives `Entity` | `FooViews` with `state()`, `list()` and one accessor per `#[view]` |
//! | [`Stack`](#views-and-stack) | a unit struct | `FooClient`, which has the views of all entities of one server |
//!
//! For a nested struct, use `Section`: a server sends only the fields that changed, and a `Leaf` would lose the others.
//! Use `Leaf` for enums, newtypes, list elements and other types that the server always sends as a whole.
//!
//! - Attributes: [`#[entity]`](#entity), [`#[section]`](#section), [`#[leaf]`](#leaf),
//!   [`#[field]`](#field-attributes), [`#[view]` and `#[stack]`](#views-and-stack), [`#[serde]`](#serde-attributes).
//! - Patches: [merge rules](#how-a-patch-merges), [patches as values](#a-patch-is-a-value),
//!   [what changed](#what-changed), [errors](#errors).
//! - [Field types](#field-types), [generics, re-exports and macros](#generics-re-exports-and-macros),
//!   [limits](#limits), [laws](#laws).
//!
//! Entities, sections and leaves must be `Clone + Debug + PartialEq + Send + Sync + 'static`. They need neither
//! `Default` nor `Serialize` nor `Deserialize`, and your crate needs no serde dependency.
//!
//! # `Entity`
//!
//! | `#[entity(..)]` | |
//! |---|---|
//! | `name = "OreRound"` | the entity's name on the wire (default: the struct's name) |
//! | `key(id.round_id: u64)` | the field that holds the row's key, as a path of Rust field names and its type; adds `round.key()` |
//! | `key = "id.mint"` | the same for a key that is text |
//! | `rename_all = "camelCase"` | the case of the field names on the wire |
//! | `crate = path` | the path to `hyperstack_sdk`, if your crate uses it through [a re-export](#generics-re-exports-and-macros) |
//!
//! `rename_all` takes serde's cases: `lowercase`, `UPPERCASE`, `PascalCase`, `camelCase`, `snake_case`,
//! `SCREAMING_SNAKE_CASE`, `kebab-case`, `SCREAMING-KEBAB-CASE`. The default is the Rust name. It applies to the
//! struct's own fields, not to the fields of its sections.
//!
//! ```
//! use hyperstack_sdk::prelude::*;
//!
//! #[derive(Debug, Clone, PartialEq, Entity)]
//! #[entity(name = "OreRound", key(id.round_id: u64), rename_all = "camelCase")]
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
//! assert_eq!(<RoundEntity as Entity>::NAME, "OreRound"); // `RoundEntity` names the same entity
//! assert_eq!(round.total_miners, Some(12));
//! let key: Option<&u64> = round.key();
//! assert_eq!(key, Some(&7));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! The path is a Rust expression, so it can lead through sections, leaves, `Box`, `Arc` and `Option`. If an `Option` on
//! the path is `None`, so is `round.key()`. The key's type must implement [`Key`](crate::Key): a `String`, an integer, a
//! `char`, a `bool`, or a type of your own. `key` does not affect decoding: the server sends each row's key separately.
//!
//! An entity can also be a field of another entity, and then merges like a section.
//!
//! # `Section`
//!
//! | `#[section(..)]` | |
//! |---|---|
//! | `rename_all = "camelCase"` | the case of the field names on the wire |
//! | `crate = path` | the path to `hyperstack_sdk`, if it is re-exported |
//!
//! A patch sets some fields of a section and keeps the others:
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
//! | `rename_all = "snake_case"` | the case of the names of a struct's fields or an enum's variants on the wire |
//! | `crate = path` | the path to `hyperstack_sdk`, if it is re-exported |
//!
//! | `#[leaf(..)]` on a variant | |
//! |---|---|
//! | `rename = "CLOSED"` | the variant's name on the wire |
//! | `rename_all = "camelCase"` | the case of the names of the variant's fields |
//! | `other` | catches what no other variant matches. It holds an unknown name as a `String`, `Box<str>` or `Arc<str>`, any JSON as a `Value`, or nothing. JSON that it cannot hold is a decode error |
//!
//! | type | JSON |
//! |---|---|
//! | a struct with named fields | an object; fields take [`#[field(..)]`](#field-attributes), except `append` |
//! | a newtype | the JSON of its field; the field takes `#[field(serde)]` |
//! | a tuple struct with 2 to 12 fields | an array |
//! | a variant without data | a string: the variant's name |
//! | a variant with data | an object with one key: `{"Fixed": {"rate": 5}}`, `{"Solo": "So1"}`, `{"Tiered": [1, 2]}`; its fields take the same attributes as those of a struct |
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
//! assert_eq!(round.place, Point { x: 6, y: None }); // replaced as a whole: `y` is not kept
//!
//! round.apply(serde_json::from_str(r#"{"phase": "Paused"}"#)?)?;
//! assert_eq!(round.phase, Phase::Unknown("Paused".to_owned()));
//!
//! #[derive(Debug, Clone, PartialEq, Entity)]
//! struct Loan {
//!     terms: Terms,
//! }
//!
//! #[derive(Debug, Clone, PartialEq, Leaf)]
//! enum Terms {
//!     Free,
//!     Fixed { rate: u16 },
//!     Tiered(u64, u64),
//!     #[leaf(other)]
//!     Unknown(hyperstack_sdk::Value),
//! }
//!
//! let terms = |json| -> Result<Terms, Box<dyn std::error::Error>> {
//!     Ok(Loan::try_from(serde_json::from_str::<LoanPatch>(json)?)?.terms)
//! };
//! assert_eq!(terms(r#"{"terms": {"Fixed": {"rate": 5}}}"#)?, Terms::Fixed { rate: 5 });
//! assert_eq!(terms(r#"{"terms": {"Tiered": ["1", 2]}}"#)?, Terms::Tiered(1, 2));
//! let capped = terms(r#"{"terms": {"Capped": 7}}"#)?;
//! assert_eq!(capped, Terms::Unknown(serde_json::json!({"Capped": 7})));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Field attributes
//!
//! `#[field(..)]` goes on the named fields of entities, sections and leaves.
//!
//! | `#[field(..)]` | |
//! |---|---|
//! | `rename = "name"` | the field's name on the wire |
//! | `alias = "name"` | another name that the decoder accepts; repeatable |
//! | `default` | the value is `Default::default()` if the field was never sent, or if a non-nullable field is null. Later patches merge into that value |
//! | `default = expr` | the same, with the value of an expression |
//! | `append(max = N)` | keeps only the newest `N` elements of a `Vec`; `N` is a `usize` constant |
//! | `serde` | decodes with serde instead, and replaces the field as a whole. For types of other crates |
//! | `skip` | the field is not on the wire. It starts with its default, and patches never change it |
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
//! // The server marks appends in its message. In your own code, use `ListPatch::Append`:
//! let log = Some(Some(ListPatch::Append(vec![4])));
//! round.apply(RoundPatch { log, ..RoundPatch::default() })?;
//! assert_eq!(round.log, [3, 4]);
//!
//! round.apply(serde_json::from_str(r#"{"winner": null, "miners": null}"#)?)?;
//! assert_eq!((round.miners, &*round.winner), (0, "nobody"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! - With protocol v1, a list that the server appends to grows without bound unless you set `append(max = N)`.
//! - A v2 server keeps the newest 100 elements of each array, and so does the client: an `N` above 100 has no effect.
//!   For a longer history, collect the elements yourself from a stream.
//! - `serde` requires `Serialize` and `Deserialize`. Write a nullable field literally as `Option<..>`. Behind a type
//!   alias, the derive cannot see the `Option` and passes `null` to the type's `Deserialize`.
//! - `skip` can be combined only with `default`.
//!
//! # serde attributes
//!
//! If a struct also derives `Serialize` or `Deserialize`, its patch follows the serde attributes for deserializing.
//! `#[field]`, `#[entity]`, `#[section]` and `#[leaf]` take precedence over `#[serde]`.
//!
//! | `#[serde(..)]` | effect on the patch |
//! |---|---|
//! | `rename`, `alias`, `default`, `default = "path"` on a field | as in `#[field(..)]` |
//! | `skip`, `skip_deserializing` on a field | as `#[field(skip)]` |
//! | `rename_all` on the type | as in `#[entity(..)]` |
//! | `default`, `default = "path"` on the struct | a field that was never sent takes its value from the struct's default |
//! | `rename`, `rename_all`, `alias`, `other` on a variant | as in `#[leaf(..)]`; `alias` has only the serde form |
//! | `rename_all_fields` on an enum | as `rename_all` on each of its variants |
//! | `transparent` on a newtype | none: a newtype leaf is always transparent |
//! | `untagged` on a variant with `#[leaf(other)]` and a field | none: serde then reads and writes the variant as the patch does |
//! | `deserialize_with = "hyperstack_sdk::nullable"` | none: serde then reads an `Option<Option<T>>` as the patch does; see [`nullable`](crate::nullable) |
//! | `skip`, `skip_deserializing` on a variant | the decoder treats the variant's name as unknown |
//! | `rename` on the type, `skip_serializing`, `skip_serializing_if`, `serialize_with`, `bound`, `crate`, … | none: they do not affect how a field is read |
//! | `flatten`, `with`, `deserialize_with`, `from`, `try_from`, `into`, `remote`, `tag`, `content`, `untagged`, `deny_unknown_fields`, `transparent` elsewhere | a compile error that suggests an alternative |
//! | `rename(serialize = "..", deserialize = "..")`, `rename_all(..)` likewise | a compile error: a patch uses one name for reading and writing |
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
//!     #[field(rename = "roundPhase")] // overrides serde's name in the patch
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
//! | `#[view(name, ..)]`, repeatable | `name()` returns |
//! |---|---|
//! | `#[view(richest)]`, `#[view(richest, collection)]` | [`WindowView`](crate::WindowView): the rows, in the view's order |
//! | `#[view(latest, single)]` | [`SingleView`](crate::SingleView): at most one row |
//! | `#[view(by_mint, keyed)]` | [`StateView`](crate::StateView): one row, by its key |
//! | `id = "OreRound/top5"` | sets the view's id (default: entity name and view name, `OreRound/richest`) |
//!
//! | `#[stack(..)]` | |
//! |---|---|
//! | `url = "wss://ore.example"` | the server's URL. Without it, there is only `connect_to(url)`, no `connect()` |
//! | `entities(OreRound, OreTreasury)` | the entities that the server provides: structs that derive `Entity` and `Views` |
//! | `name = "ore"` | the stack's name (default: the struct's name) |
//! | `manifest_hash = ".."`, `live_alias = ".."` | the version of the stack, which requests for tokens then contain; see [`stack_release`](crate::HyperStackBuilder::stack_release). Sets the constants `MANIFEST_HASH` and `LIVE_ALIAS` |
//! | `protocol = v2` | the protocol version of the stack's servers, for the constant `PROTOCOL`. The client detects the version in any case |
//! | `crate = path` | the path to `hyperstack_sdk`, if it is re-exported |
//!
//! `Views` uses the `crate` of `#[entity(..)]`.
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
//!     let ore = OreStack::connect_to(server.url()).await?; // `connect()` would use `URL`
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
//! Each field of a patch is an `Option<Option<_>>`: absent (`None`), null (`Some(None)`) or a value (`Some(Some(_))`).
//! Do not confuse it with a field of the struct that you declare as `Option<Option<T>>`. The effect of a patch depends
//! on the type of the struct's field. Type aliases work:
//!
//! | field | absent | null | value |
//! |---|---|---|---|
//! | `T` (scalar, tuple, array, leaf) | keeps | an error, unless the field has a default | replaces |
//! | `Option<T>` | keeps | `None` | becomes `Some(value)`; if it is already `Some`, merges like `T` |
//! | `Option<Option<T>>` | keeps; starts as `None`, which means never received | `Some(None)` | as `Option<T>`, inside `Some` |
//! | a section | keeps | as for `T` | merges field by field |
//! | `Vec<T>`, a set | keeps | as for `T` | replaces, or appends if the server says so: [`ListPatch`](crate::ListPatch) |
//! | a map | keeps | as for `T` | merges key by key. `null` removes the key. If the value type is an `Option`, `null` is a value, and no patch can remove a key: [`MapPatch`](crate::MapPatch) |
//! | `serde_json::Value` | keeps | `Value::Null` | merges objects key by key, as the server does, and replaces everything else: [`JsonPatch`](crate::JsonPatch) |
//!
//! `Box<T>` and `Arc<T>` merge like `T`.
//!
//! A value is built from a patch alone in four cases: `Foo::try_from(patch)`, the first message for a row, a section
//! that was `None`, and a new map key. Then each field that the patch does not set gets this value:
//!
//! | field | value if never sent |
//! |---|---|
//! | with `default` or `skip` | the default |
//! | `Option<T>` | `None` |
//! | `Vec<T>`, a map, a set | empty |
//! | `serde_json::Value` | `Value::Null` |
//! | a section | built from the empty patch |
//! | any other type | none: the field is required. `try_from` returns an error; in a view, the row stays hidden |
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
//! // Later values merge into earlier ones.
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
//! `FooPatch` has the fields of `Foo`, except skipped ones, with the same visibility and documentation. It implements
//! `Default`, `Debug`, `Clone`, `PartialEq`, `Serialize` and `Deserialize`. The methods come from the traits
//! [`Patch`](crate::Patch) and [`Patchable`](crate::Patchable).
//!
//! | | |
//! |---|---|
//! | `round.apply(patch)` | merges the patch; on an error, `round` is unchanged |
//! | `round.diff(&later)` | returns the smallest patch that turns `round` into `later` |
//! | `Round::try_from(patch)` | builds a value from the patch alone |
//! | `first.then(second)` | combines two patches, in that order |
//! | `patch.is_empty()` | returns whether the patch sets nothing |
//! | `patch.changed_fields()` | returns the dotted wire paths of the fields that the patch sets |
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
//! // The default patch sets nothing.
//! let scored = PlayerPatch { score: Some(Some(5)), ..PlayerPatch::default() };
//! assert!(PlayerPatch::default().is_empty() && !scored.is_empty());
//!
//! // `Debug` shows the fields that are set, without the outer `Some`.
//! assert_eq!(format!("{scored:?}"), "PlayerPatch { score: Some(5) }");
//!
//! // A patch serializes to the JSON that the server would send.
//! let json = serde_json::to_string(&scored)?;
//! assert_eq!(json, r#"{"score":5}"#);
//! assert_eq!(serde_json::from_str::<PlayerPatch>(&json)?, scored);
//!
//! // Combine two patches.
//! let first: PlayerPatch = serde_json::from_str(r#"{"name": "Ada", "score": 1}"#)?;
//! let both = first.clone().then(scored.clone());
//! let ada = Player::try_from(both)?;
//! let mut in_turn = Player::try_from(first)?;
//! in_turn.apply(scored)?;
//! assert_eq!(ada, in_turn);
//!
//! // Compute the difference between two values.
//! let later = Player { medals: Some(Medals { gold: 1 }), ..ada.clone() };
//! let patch = ada.diff(&later);
//! assert_eq!(patch.changed_fields(), ["medals.gold"]);
//! let mut ada = ada;
//! ada.apply(patch)?;
//! assert_eq!(ada, later);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! The [laws](#laws) say what holds for all patches.
//!
//! # What changed?
//!
//! To test whether a field changed, compare it in code. The compiler checks the field's name:
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
//! // `watch_rich()` yields such updates.
//! let update = RichUpdate::Updated { key, before, after, patch: None };
//!
//! // Compare one field, or anything else that you compute from a row.
//! assert!(update.changed(|token| token.trading.price));
//! assert!(update.changed(|token| &token.trading));
//! assert!(!update.changed(|token| (token.trading.volume, token.holders)));
//!
//! // Get the typed patch between the two rows.
//! let patch = update.diff().unwrap();
//! let trading = patch.trading.as_ref().and_then(|trading| trading.as_ref());
//! assert_eq!(trading.and_then(|trading| trading.price), Some(Some(2.5)));
//! assert_eq!(patch.holders, None); // unchanged
//!
//! // List the changed fields by name, for example for a log.
//! assert_eq!(patch.changed_fields(), ["trading.price"]);
//! ```
//!
//! `changed` and `diff` compare the row before and after the update, even if the update combines several messages. When
//! a row is created or deleted, `changed` is `false` and `diff` is `None`. To test by wire name, use
//! [`has_patch_field("trading.price")`](crate::RichUpdate::has_patch_field).
//!
//! # Errors
//!
//! An error names the entity and the field's path on the wire, such as `OreRound.state.lastBets[3]`. On a stream, a
//! decode error reaches [`try_watch`](crate::ListView::try_watch) as a [`RowError`](crate::RowError). The field keeps
//! its last good value, and the other fields of the update apply.
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
//! // JSON that does not decode.
//! let json = r#"{"state": {"lastBets": [1, 2, "3", 4.5]}}"#;
//! let error = serde_json::from_str::<RoundPatch>(json).unwrap_err().to_string();
//! assert!(error.starts_with("OreRound.state.lastBets[3]: "), "{error}");
//!
//! // A patch that lacks a required field.
//! let error = Round::try_from(RoundPatch::default()).unwrap_err();
//! assert_eq!((error.path(), error.kind()), ("state.roundId", PatchErrorKind::Missing));
//! assert!(error.to_string().starts_with("OreRound.state.roundId: missing required value: "));
//!
//! // A null for a field that is not nullable. Nothing is merged.
//! let mut round = Round { state: State { round_id: 1, last_bets: Vec::new() } };
//! let patch = serde_json::from_str(r#"{"state": {"lastBets": [1], "roundId": null}}"#)?;
//! let error = round.apply(patch).unwrap_err();
//! assert_eq!((error.path(), error.kind()), ("state.roundId", PatchErrorKind::Null));
//! assert!(round.state.last_bets.is_empty());
//! # Ok::<(), serde_json::Error>(())
//! ```
//!
//! A mistake in a struct or an attribute usually causes one compile error, which says how to fix it. If you misspell a
//! key of an attribute, the error suggests the nearest one. If a type cannot be a field, the error lists your options.
//!
//! # Field types
//!
//! | type | |
//! |---|---|
//! | integers of every width | from a JSON number or a string of digits, also inside lists and maps, up to 128 bits. (The server sends integers above 2⁵³ as strings.) A fraction or an overflow is an error |
//! | `f32`, `f64` | from a number, or from a string that holds an integer |
//! | `bool`, `char`, `String` | as in JSON |
//! | `Option<T>`, `Box<T>`, `Arc<T>`, `Vec<T>` | of any field type |
//! | `BTreeSet<T>`, `HashSet<T>` | of field types that are `Ord` or `Eq + Hash` |
//! | `BTreeMap<K, V>`, `HashMap<K, V>` | from a [`Key`](crate::Key) to any field type |
//! | `[T; N]`, tuples of up to 12 elements | of any field types |
//! | `serde_json::Value` | any JSON. A number beyond 64 bits becomes a float, unless a crate in the build enables serde_json's `arbitrary_precision` |
//! | types that derive `Entity`, `Section` or `Leaf` | as the derive says |
//! | [`Capture`](crate::Capture), [`Event`](crate::Event), [`TokenMetadata`](crate::TokenMetadata), [`SlotHashBytes`](crate::SlotHashBytes) | types that servers use for Solana accounts, instructions, tokens and slot hashes |
//! | other types with `Serialize` and `Deserialize` | with `#[field(serde)]`; inside another type, wrap them in a newtype that derives `Leaf` |
//!
//! The decoder ignores wire fields that the struct does not have.
//!
//! # Generics, re-exports and macros
//!
//! Type and const parameters work, with and without bounds and defaults. The derive adds the bounds that it needs.
//! `FooPatch` has the same parameters as `Foo`. `Views` and `Stack` do not support parameters.
//!
//! If users of your crate should not depend on this one directly, re-export it, and give the derives its path with
//! `crate = path`. In a macro, start the path with `$crate`.
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
//!     assert_eq!(House::NAME, "House"); // the default: the struct's name
//!     Ok(())
//! }
//! ```
//!
//! # Limits
//!
//! - No lifetime parameters and no references: rows own their data.
//! - The client moves rows by value, so large entities need stack. On a Tokio worker with the default stack of 2 MiB,
//!   keep `size_of::<T>()` below 120 kB, or below 100 kB if you use `watch_rich`. Release builds allow 250 kB and 130
//!   kB. For a larger entity, put its arrays into a `Box` or a `Vec`, or set a larger `thread_stack_size` on the
//!   runtime's builder.
//! - Entities and sections are structs with named fields. A leaf enum with data has serde's default form, an object with
//!   the variant's name. For another form, such as a tag inside the object, use `#[field(serde)]`.
//! - No `flatten`: use a section, because the server's JSON is nested.
//! - `Option<Option<T>>` tells null from "never sent". A third `Option` adds nothing.
//! - A patch cannot set a value back to "never sent". One patch cannot set a section to null and also set its fields.
//! - A patch can replace a list or append to its end. It cannot remove or change single elements.
//! - `append(max = N)` works on a `Vec`, also inside `Option`s. Sets are never trimmed.
//! - The generated names (`FooPatch`, `FooEntity`, `FooViews`, `FooClient`) must be free in the struct's module.
//! - In generic code, `FooPatch<T>` requires the bounds that its page shows. `<Foo<T> as Patchable>::Patch` requires
//!   only `Foo<T>: Patchable`.
//! - A null sets an optional section to `None`, even if it has a default. The next patch must then contain all of its
//!   required fields; otherwise, `apply` returns an error.
//! - Clippy's `duplicated_attributes` wrongly warns about two `single` (or two `keyed`) views on one struct. Add
//!   `#[allow(clippy::duplicated_attributes)]` to the struct.
//!
//! # Laws
//!
//! Property tests check these laws on generated structs. They hold as long as all floats are finite.
//!
//! - `a.apply(a.diff(&b))` turns `a` into `b`, within what a patch can express. A patch cannot set a value back to
//!   "never sent", and cannot remove a key from raw JSON or from a map with nullable values. `diff` never appends.
//! - Applying `p.then(q)` equals applying `p` and then `q`, if both succeed. This does not hold if `q` merges into a
//!   value that `p` removes, sets to null, or replaces with another kind of JSON.
//! - `then` is associative, and combining with the empty patch changes nothing.
//! - A serialized patch deserializes to an equal patch, except for appends, which JSON cannot express. The empty patch
//!   is `{}`.
//! - The result equals the server's own JSON merge, with two exceptions: leaves are replaced as a whole, and the server
//!   limits the length of arrays.
