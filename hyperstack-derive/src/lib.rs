//! The derives of `hyperstack-sdk`: typed patches, merge and views from plain structs.
//!
//! Use them through `hyperstack_sdk`, which documents them; this crate is the one half of a
//! contract whose other half is the module `patch` there. Its files are the pipeline: attributes
//! are read ([`attr`]), the item becomes a [`tree`], its rules are [`check`]ed, and code is
//! written ([`expand`]) also where a check failed, so that one mistake raises one error.

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
/// Makes `FooPatch`, the marker `FooEntity`, and the merge of the one into the struct. Keys of
/// `#[entity(..)]`: `name`, `key`, `rename_all`, `crate`. Keys of `#[field(..)]`: `rename`,
/// `alias`, `default`, `append(max = N)`, `serde`, `skip`.
#[proc_macro_derive(Entity, attributes(entity, field))]
pub fn entity(input: TokenStream) -> TokenStream {
    errors::run(input, |input, errors| {
        tree::Record::entity(input, errors).map(|record| expand::entity(&record))
    })
}

/// A nested struct that is merged field by field.
///
/// Makes `FooPatch`. Keys of `#[section(..)]`: `rename_all`, `crate`; of `#[field(..)]`: as for
/// `Entity`.
#[proc_macro_derive(Section, attributes(section, field))]
pub fn section(input: TokenStream) -> TokenStream {
    errors::run(input, |input, errors| {
        tree::Record::section(input, errors).map(|record| expand::section(&record))
    })
}

/// A struct, newtype or enum that is replaced whole.
///
/// Keys of `#[leaf(..)]`: `rename_all`, `crate`; on the variants of an enum: `rename`, `other`.
#[proc_macro_derive(Leaf, attributes(leaf, field))]
pub fn leaf(input: TokenStream) -> TokenStream {
    errors::run(input, |input, errors| {
        tree::Leaf::parse(input, errors).map(|leaf| expand::leaf(&leaf))
    })
}

/// Beside `Entity`: `FooViews`, with `state()`, `list()` and an accessor for each `#[view]`.
///
/// `#[view(name, ..)]` is repeatable; after the name come `single`, `collection` (the default) or
/// `keyed`, and `id = "Entity/name"`.
#[proc_macro_derive(Views, attributes(view, entity))]
pub fn views(input: TokenStream) -> TokenStream {
    errors::run(input, |input, errors| {
        tree::Views::parse(input, errors).map(|views| expand::views(&views))
    })
}
