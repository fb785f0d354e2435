//! The code that is written. Named types stand beside the item, impls in `const _`.

mod bounds;
mod entity;
mod field;
mod key;
mod leaf;
mod patch;
mod record;
mod section;
mod slots;
mod stack;
mod views;

use crate::tree::{Leaf, Record, Stack, Views};
use proc_macro2::TokenStream;
use quote::quote;
use syn::{Generics, Ident};

/// The code of the derive `Entity`.
pub(crate) fn entity(record: &Record) -> TokenStream {
    let (marker, code) = (entity::marker(record), section(record));
    let impls = constant(&record.allows, entity::impls(record));
    quote!(#code #marker #impls)
}

/// The code of the derive `Leaf`.
pub(crate) fn leaf(leaf: &Leaf) -> TokenStream {
    constant(&leaf.allows, leaf::impls(leaf))
}

/// The code of the derive `Section`: a patch, and its merge field by field.
pub(crate) fn section(record: &Record) -> TokenStream {
    let patch = patch::ident(record);
    let definition = patch::definition(record);
    let slots = slots::impls(record, &patch);
    let wire = patch::impls(record, &patch);
    let merge = record::impls(record, &patch);
    let section = section::impls(record, &patch);
    let fields = key::fields(record);
    let used = used(&record.ident, &record.generics);
    let impls = constant(
        &record.allows,
        quote!(#slots #wire #merge #section #fields #used),
    );
    quote!(#definition #impls)
}

/// Whoever has no use for a struct but its patch is not to be told that it is never constructed.
fn used(ident: &Ident, generics: &Generics) -> Option<TokenStream> {
    let used = quote!(let _ = ::core::marker::PhantomData::<#ident>;);
    generics.params.is_empty().then_some(used)
}

/// The code of the derive `Views`.
pub(crate) fn views(views: &Views) -> TokenStream {
    let definition = views::definition(views);
    let impls = constant(&views.allows, views::impls(views));
    quote!(#definition #impls)
}

/// The code of the derive `Stack`.
pub(crate) fn stack(stack: &Stack) -> TokenStream {
    let definition = stack::definition(stack);
    let impls = constant(&stack.allows, stack::impls(stack));
    quote!(#definition #impls)
}

/// A place for impls in which nothing can be named from outside.
fn constant(allows: &TokenStream, impls: TokenStream) -> TokenStream {
    quote! {
        #[doc(hidden)]
        #allows
        #[allow(deprecated, unused_qualifications)]
        #[allow(clippy::all, clippy::pedantic, clippy::nursery, clippy::restriction)]
        const _: () = { #impls };
    }
}
