//! Generates code. Named types go beside the item, impls into `const _`.

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

/// Generates the code of the derive `Entity`.
pub(crate) fn entity(record: &Record) -> TokenStream {
    let (marker, code) = (entity::marker(record), section(record));
    let impls = constant(&record.allows, entity::impls(record));
    quote!(#code #marker #impls)
}

/// Generates the code of the derive `Leaf`.
pub(crate) fn leaf(leaf: &Leaf) -> TokenStream {
    constant(&leaf.allows, leaf::impls(leaf))
}

/// Generates the code of the derive `Section`: the patch and its merge.
pub(crate) fn section(record: &Record) -> TokenStream {
    let patch = patch::ident(record);
    let definition = patch::definition(record);
    let slots = slots::impls(record, &patch);
    let wire = patch::impls(record, &patch);
    let merge = record::impls(record, &patch);
    let section = section::impls(record, &patch);
    let used = used(&record.ident, &record.generics);
    let impls = constant(&record.allows, quote!(#slots #wire #merge #section #used));
    quote!(#definition #impls)
}

/// Prevents the warning that a struct is never constructed if only its patch is used.
fn used(ident: &Ident, generics: &Generics) -> Option<TokenStream> {
    let used = quote!(let _ = ::core::marker::PhantomData::<#ident>;);
    generics.params.is_empty().then_some(used)
}

/// Generates the code of the derive `Views`.
pub(crate) fn views(views: &Views) -> TokenStream {
    let definition = views::definition(views);
    let impls = constant(&views.allows, views::impls(views));
    quote!(#definition #impls)
}

/// Generates the code of the derive `Stack`.
pub(crate) fn stack(stack: &Stack) -> TokenStream {
    let definition = stack::definition(stack);
    let impls = constant(&stack.allows, stack::impls(stack));
    quote!(#definition #impls)
}

/// Puts impls into a constant, so that helper items inside cannot be named from outside.
fn constant(allows: &TokenStream, impls: TokenStream) -> TokenStream {
    quote! {
        #[doc(hidden)]
        #allows
        #[allow(deprecated, unused_qualifications)]
        #[allow(clippy::all, clippy::pedantic, clippy::nursery, clippy::restriction)]
        const _: () = { #impls };
    }
}
