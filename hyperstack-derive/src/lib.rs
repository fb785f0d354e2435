//! The derives of `hyperstack-sdk`, which generate typed patches, merge logic and view accessors for plain structs.
//!
//! Do not depend on this crate directly: use `hyperstack_sdk`, whose module `derives` documents every attribute. The
//! generated code uses hidden items of `hyperstack_sdk`.
//!
//! A derive reads the attributes (`attr`), builds a `tree`, `check`s rules that span attributes, and generates code
//! (`expand`). It generates code even if a check fails, so that one mistake causes only one error.

mod attr;
mod case;
mod check;
mod errors;
mod expand;
mod sdk;
mod suggest;
mod tree;

use proc_macro::TokenStream;

/// Derives the patch type, decoder and merge logic for an entity: a struct with named fields.
///
/// Generates `FooPatch`, the code that merges it into the struct, and the marker type `FooEntity`.
///
/// | `#[entity(..)]` | |
/// |---|---|
/// | `name = "OreRound"` | the entity's name on the wire (default: the struct's name) |
/// | `key(id.round_id: u64)` | the field that holds the row's key, as a path of Rust field names and its type; adds `round.key()` |
/// | `key = "id.mint"` | the same for a key that is text |
/// | `rename_all = "camelCase"` | the case of the field names on the wire |
/// | `crate = path` | the path to `hyperstack_sdk`, if it is re-exported |
///
/// | `#[field(..)]` | |
/// |---|---|
/// | `rename = "name"` | the field's name on the wire |
/// | `alias = "name"` | another name that the decoder accepts; repeatable |
/// | `default`, `default = expr` | the value if the field was never sent, or if a non-nullable field is null; later patches merge into it |
/// | `append(max = N)` | keeps only the newest `N` elements of a `Vec`. Without it, an appended list grows without bound (protocol v1) or to 100 elements (v2) |
/// | `serde` | decodes with serde and replaces the field as a whole; write a nullable field literally as `Option<..>` |
/// | `skip` | the field is not on the wire; it starts with its default, and patches never change it |
///
/// `key` implements `Keyed`: `round.key()` returns a reference to the key field, whose type must implement `Key`.
/// `views.state().get(round.key())` reads the row again. The path may lead through sections, `Box`, `Arc` and leaves
/// with named fields, but not through an `Option`, because every row has a key. `key` does not affect decoding: the
/// server sends each row's key separately.
///
/// If the struct also derives serde, its `rename`, `rename_all`, `alias`, `default` and `skip` apply too; `#[field]`
/// takes precedence. A serde attribute that the derive cannot support is an error.
#[proc_macro_derive(Entity, attributes(entity, field, hyperstack))]
pub fn entity(input: TokenStream) -> TokenStream {
    errors::run(input, &["Patch", "Entity"], |input, errors| {
        tree::Record::entity(input, errors).map(|record| expand::entity(&record))
    })
}

/// Derives the patch type, decoder and merge logic for a nested struct that merges field by field.
///
/// Generates `FooPatch` and the code that merges it into the struct.
///
/// | `#[section(..)]` | |
/// |---|---|
/// | `rename_all = "camelCase"` | the case of the field names on the wire |
/// | `crate = path` | the path to `hyperstack_sdk`, if it is re-exported |
///
/// The fields take `#[field(..)]`, as in an `Entity`.
#[proc_macro_derive(Section, attributes(section, field, hyperstack))]
pub fn section(input: TokenStream) -> TokenStream {
    errors::run(input, &["Patch"], |input, errors| {
        tree::Record::section(input, errors).map(|record| expand::section(&record))
    })
}

/// Derives the decoder and encoder for a struct, newtype or enum that is replaced as a whole.
///
/// In JSON, a struct with named fields is an object, a newtype is its field's JSON, a longer tuple struct is an array,
/// and an enum is its variant's name.
///
/// | `#[leaf(..)]` | |
/// |---|---|
/// | `rename_all = "camelCase"` | the case of the field or variant names on the wire |
/// | `crate = path` | the path to `hyperstack_sdk`, if it is re-exported |
/// | `rename = "name"` on a variant | the variant's name on the wire |
/// | `other` on a variant | catches unknown names, and can hold the name: `Unknown(String)` |
///
/// Named fields take `#[field(..)]` as in an `Entity`, except `append`. The field of a newtype takes `#[field(serde)]`.
#[proc_macro_derive(Leaf, attributes(leaf, field, hyperstack))]
pub fn leaf(input: TokenStream) -> TokenStream {
    errors::run(input, &[], |input, errors| {
        tree::Leaf::parse(input, errors).map(|leaf| expand::leaf(&leaf))
    })
}

/// Derives, on a unit struct, a client for a stack: the views of all entities of one server.
///
/// | `#[stack(..)]` | |
/// |---|---|
/// | `url = "wss://ore.example"` | the server's URL; adds `connect()` and `URL` |
/// | `entities(OreRound, OreTreasury)` | the entities that the server provides: structs that derive `Entity` and `Views` |
/// | `name = "ore"` | the stack's name (default: the struct's name) |
/// | `crate = path` | the path to `hyperstack_sdk`, if it is re-exported |
///
/// For `OreStack`, it generates the constants `NAME` and `URL`, and the functions `connect()`, `connect_to(url)` and
/// `builder()`. The connect functions return an `OreStackClient`, which has one field for the views of each entity,
/// named in snake case, such as `client.ore_round.latest()`. `client.hyperstack()` returns the connection. You may
/// rename or re-export an entity's views: the stack finds them through the entity's type.
#[proc_macro_derive(Stack, attributes(stack, hyperstack))]
pub fn stack(input: TokenStream) -> TokenStream {
    errors::run(input, &["Client"], |input, errors| {
        tree::Stack::parse(input, errors).map(|stack| expand::stack(&stack))
    })
}

/// Derives `FooViews` for an entity, with `state()`, `list()` and one accessor per `#[view]`.
///
/// | `#[view(name, ..)]`, repeatable | |
/// |---|---|
/// | `single` | at most one row |
/// | `collection` (default) | rows in the view's order |
/// | `keyed` | one row, by its key |
/// | `id = "OreRound/latest"` | the view's id (default: entity name and view name) |
///
/// It uses the `crate = path` of `#[entity(..)]`.
///
/// Clippy's `duplicated_attributes` wrongly warns about a second `single` (or `keyed`) view on a struct. Add
/// `#[allow(clippy::duplicated_attributes)]` to the struct.
#[proc_macro_derive(Views, attributes(view, entity, hyperstack))]
pub fn views(input: TokenStream) -> TokenStream {
    errors::run(input, &["Views"], |input, errors| {
        tree::Views::parse(input, errors).map(|views| expand::views(&views))
    })
}
