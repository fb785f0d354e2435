//! The derives of `hyperstack-sdk`, which generate typed patches, merge logic and view accessors for plain structs.
//!
//! Use them through `hyperstack_sdk`, whose page on the derives documents every attribute. The generated code calls
//! the hidden items of its module `patch`.
//!
//! A derive reads the attributes (`attr`), builds a `tree`, `check`s rules that span attributes, and generates code
//! (`expand`). It generates code even if a check fails, so that one mistake causes only one error.

mod attr;
mod case;
mod check;
mod errors;
mod expand;
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
/// | `key = "id.round_id"` | the field that holds the entity's key, as a path of Rust field names: see below |
/// | `rename_all = "camelCase"` | the case of the field names on the wire |
/// | `crate = path` | the path to `hyperstack_sdk`, if it is re-exported |
///
/// | `#[field(..)]` | |
/// |---|---|
/// | `rename = "name"` | the field's name on the wire |
/// | `alias = "name"` | another name that the decoder accepts; repeatable |
/// | `default`, `default = expr` | the value if the field was never sent, or if it is null and not nullable; later values merge into it |
/// | `append(max = N)` | keeps only the newest `N` elements of a list, which otherwise grows. With protocol v2, every list keeps at most 100, as on the server |
/// | `serde` | decodes with the type's serde impls and replaces the field as a whole, even if the frame appends; recognizes a literal `Option<..>` |
/// | `skip` | the field is not on the wire; it starts with its default, and patches never change it |
///
/// `key` implements `Keyed`: `round.key()` returns a reference to the key field, whose type must implement `Key`.
/// `views.state().get(round.key())` reads the row again. The path may lead through sections and through leaves with
/// named fields, but not through an `Option`, because every row has a key. It does not affect decoding, because each
/// frame names its row.
///
/// If the struct also has serde attributes, `rename`, `rename_all`, `alias`, `default` and `skip` apply too, but
/// `#[field]` overrides them. A serde attribute that the derive cannot support is an error.
#[proc_macro_derive(Entity, attributes(entity, field))]
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
#[proc_macro_derive(Section, attributes(section, field))]
pub fn section(input: TokenStream) -> TokenStream {
    errors::run(input, &["Patch"], |input, errors| {
        tree::Record::section(input, errors).map(|record| expand::section(&record))
    })
}

/// Derives the decoder and encoder for a struct, newtype or enum that is replaced as a whole.
///
/// In JSON, a struct with named fields is an object, a newtype is the JSON of its field, a longer tuple is an array,
/// and an enum is a string with the variant's name.
///
/// | `#[leaf(..)]` | |
/// |---|---|
/// | `rename_all = "camelCase"` | the case of the field or variant names on the wire |
/// | `crate = path` | the path to `hyperstack_sdk`, if it is re-exported |
/// | `rename = "name"` on a variant | the variant's name on the wire |
/// | `other` on a variant | the variant matches every unknown name, and can store it: `Unknown(String)` |
///
/// Named fields take `#[field(..)]` as in an `Entity`, except `append`. The field of a newtype takes `#[field(serde)]`.
#[proc_macro_derive(Leaf, attributes(leaf, field))]
pub fn leaf(input: TokenStream) -> TokenStream {
    errors::run(input, &[], |input, errors| {
        tree::Leaf::parse(input, errors).map(|leaf| expand::leaf(&leaf))
    })
}

/// Derives a client that has the views of all entities of one server, for a unit struct.
///
/// | `#[stack(..)]` | |
/// |---|---|
/// | `url = "wss://ore.example"` | the server's URL; without it, there is no `connect()` and no `URL` |
/// | `entities(OreRound, OreTreasury)` | the entities that the server provides: structs that derive `Entity` and `Views` |
/// | `name = "ore"` | the stack's name (default: the struct's name) |
/// | `crate = path` | the path to `hyperstack_sdk`, if it is re-exported |
///
/// For `OreStack` it generates the constants `NAME` and `URL`, and the functions `connect()`, `connect_to(url)` and
/// `builder()`. The connect functions return an `OreStackClient`. It has one field per entity with the entity's views,
/// named after the entity in snake case, such as `client.ore_round.latest()`. `client.hyperstack()` returns the
/// connection. The stack finds the views of an entity by its type, whatever their name is.
#[proc_macro_derive(Stack, attributes(stack))]
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
/// A second `single` (or `keyed`) view on one struct triggers a false positive of clippy's `duplicated_attributes`. Add
/// `#[allow(clippy::duplicated_attributes)]` to the struct.
#[proc_macro_derive(Views, attributes(view, entity))]
pub fn views(input: TokenStream) -> TokenStream {
    errors::run(input, &["Views"], |input, errors| {
        tree::Views::parse(input, errors).map(|views| expand::views(&views))
    })
}
