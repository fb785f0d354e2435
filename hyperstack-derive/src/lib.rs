//! The derives of `hyperstack-sdk`: typed patches, merge and views from plain structs.
//!
//! Use them through `hyperstack_sdk`, which documents them; this crate is the one half of a
//! contract whose other half is the module `patch` there. Its files are the pipeline: attributes
//! are read (`attr`), the item becomes a `tree`, its rules are `check`ed, and code is
//! written (`expand`) also where a check failed, so that one mistake raises one error.

mod attr;
mod case;
mod check;
mod errors;
mod expand;
mod suggest;
mod tree;

use proc_macro::TokenStream;

/// A struct with named fields that the server knows by name.
///
/// Makes `FooPatch`, the marker `FooEntity`, and the merge of the one into the struct.
///
/// | `#[entity(..)]` | |
/// |---|---|
/// | `name = "OreRound"` | the entity's name on the wire, in place of the struct's |
/// | `key = "id.round_id"` | the field that is the entity's key, by its path in Rust: see below |
/// | `rename_all = "camelCase"` | the case of the fields' names on the wire |
/// | `crate = path` | where `hyperstack_sdk` is, if it is re-exported |
///
/// | `#[field(..)]` | |
/// |---|---|
/// | `rename = "name"` | the field's name on the wire |
/// | `alias = "name"` | another name to read it by; repeatable |
/// | `default`, `default = expr` | what it is where never sent, or null where it knows no null; what comes later merges into it |
/// | `append(max = N)` | a list that keeps its newest `N` elements; without this it grows. Under protocol v2 every list keeps at most 100, as the server does |
/// | `serde` | read by its serde impls and replaced whole, by a frame that appends too; a literal `Option<..>` is seen |
/// | `skip` | not on the wire, and left alone; its default at first |
///
/// `key` makes the entity `Keyed`: `round.key()` is a reference to that field, of its own type, which
/// must be a `Key`, and `views.state().get(round.key())` reads the row again. The path goes through
/// sections, and through leaves with named fields, but through no `Option`, for every row has a key.
/// Nothing is decoded otherwise for it: the server says which row a frame is about.
///
/// serde's `rename`, `rename_all`, `alias`, `default` and `skip` hold too, where a struct has them;
/// `#[field]` wins. What of serde's cannot be honoured is an error.
#[proc_macro_derive(Entity, attributes(entity, field))]
pub fn entity(input: TokenStream) -> TokenStream {
    errors::run(input, &["Patch", "Entity"], |input, errors| {
        tree::Record::entity(input, errors).map(|record| expand::entity(&record))
    })
}

/// A nested struct that is merged field by field.
///
/// Makes `FooPatch`, and its merge into the struct.
///
/// | `#[section(..)]` | |
/// |---|---|
/// | `rename_all = "camelCase"` | the case of the fields' names on the wire |
/// | `crate = path` | where `hyperstack_sdk` is, if it is re-exported |
///
/// Its fields take `#[field(..)]` as those of an `Entity` do.
#[proc_macro_derive(Section, attributes(section, field))]
pub fn section(input: TokenStream) -> TokenStream {
    errors::run(input, &["Patch"], |input, errors| {
        tree::Record::section(input, errors).map(|record| expand::section(&record))
    })
}

/// A struct, newtype or enum that is replaced whole.
///
/// A struct with named fields is an object, a newtype is what it holds, a longer tuple an array, and
/// an enum a text: the name of its variant.
///
/// | `#[leaf(..)]` | |
/// |---|---|
/// | `rename_all = "camelCase"` | the case of the names of fields or variants on the wire |
/// | `crate = path` | where `hyperstack_sdk` is, if it is re-exported |
/// | `rename = "name"` on a variant | its name on the wire |
/// | `other` on a variant | it stands for every other name, and may keep it: `Unknown(String)` |
///
/// Named fields take `#[field(..)]` as those of an `Entity` do, but for `append`; the field of a newtype
/// takes `#[field(serde)]`.
#[proc_macro_derive(Leaf, attributes(leaf, field))]
pub fn leaf(input: TokenStream) -> TokenStream {
    errors::run(input, &[], |input, errors| {
        tree::Leaf::parse(input, errors).map(|leaf| expand::leaf(&leaf))
    })
}

/// A server's entities under one name: on a unit struct.
///
/// | `#[stack(..)]` | |
/// |---|---|
/// | `url = "wss://ore.example"` | where the server is; without it there is no `connect()` and no `URL` |
/// | `entities(OreRound, OreTreasury)` | what it serves: structs that derive `Entity` and `Views` |
/// | `name = "ore"` | what the stack is called, in place of the struct's name |
/// | `crate = path` | where `hyperstack_sdk` is, if it is re-exported |
///
/// On `OreStack` it makes the constants `NAME` and `URL`, `connect()` to that url, `connect_to(url)`
/// to another, and `builder()` for all settings. Connected, it is an `OreStackClient`, with the views
/// of each entity in a field of the entity's name in snake case, `client.ore_round.latest()`, and the
/// connection itself from `client.hyperstack()`. The entities' views are those that they derive,
/// however they are called where the stack is.
#[proc_macro_derive(Stack, attributes(stack))]
pub fn stack(input: TokenStream) -> TokenStream {
    errors::run(input, &["Client"], |input, errors| {
        tree::Stack::parse(input, errors).map(|stack| expand::stack(&stack))
    })
}

/// Beside `Entity`: `FooViews`, with `state()`, `list()` and an accessor for each `#[view]`.
///
/// | `#[view(name, ..)]`, repeatable | |
/// |---|---|
/// | `single` | one row or none |
/// | `collection`, the default | rows in the view's order |
/// | `keyed` | one row at a time, by its key |
/// | `id = "OreRound/latest"` | the view's id, in place of the entity's name and the view's |
///
/// It takes `crate = path` from `#[entity(..)]`.
///
/// With a second `single` (or `keyed`) on one struct, clippy asks about `duplicated_attributes`, which
/// these are not: `#[allow(clippy::duplicated_attributes)]` on the struct answers.
#[proc_macro_derive(Views, attributes(view, entity))]
pub fn views(input: TokenStream) -> TokenStream {
    errors::run(input, &["Views"], |input, errors| {
        tree::Views::parse(input, errors).map(|views| expand::views(&views))
    })
}
