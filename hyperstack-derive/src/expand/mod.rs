//! The code that is written. Named types stand beside the item, impls in `const _`.

mod bounds;
mod entity;
mod key;
mod known;
mod leaf;
mod patch;
mod record;
mod section;
mod slots;
mod stack;
mod views;

use crate::tree::{Leaf, Record, Stack, Views};
use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::ext::IdentExt;

/// The code of the derive `Entity`.
pub(crate) fn entity(record: &Record) -> TokenStream {
    let marker = entity::marker(record);
    let section = section(record);
    let impls = constant(entity::impls(record));
    quote!(#section #marker #impls)
}

/// The code of the derive `Section`.
pub(crate) fn section(record: &Record) -> TokenStream {
    let patch = format_ident!("{}Patch", record.ident.unraw());
    let definition = patch::definition(record, &patch);
    let slots = slots::impls(record, &patch);
    let wire = patch::impls(record, &patch);
    let merge = record::impls(record, &patch);
    let section = section::impls(record, &patch);
    let known = known::record(record);
    let fields = key::fields(record);
    let impls = constant(quote!(#slots #wire #merge #section #known #fields));
    quote!(#definition #impls)
}

/// The code of the derive `Leaf`.
pub(crate) fn leaf(leaf: &Leaf) -> TokenStream {
    constant(leaf::impls(leaf))
}

/// The code of the derive `Views`.
pub(crate) fn views(views: &Views) -> TokenStream {
    let definition = views::definition(views);
    let impls = constant(views::impls(views));
    quote!(#definition #impls)
}

/// The code of the derive `Stack`.
pub(crate) fn stack(stack: &Stack) -> TokenStream {
    let definition = stack::definition(stack);
    let impls = constant(stack::impls(stack));
    quote!(#definition #impls)
}

/// A place for impls in which nothing can be named from outside.
fn constant(impls: TokenStream) -> TokenStream {
    quote! {
        #[doc(hidden)]
        #[allow(deprecated, private_bounds, trivial_bounds, unused_qualifications, clippy::all)]
        const _: () = { #impls };
    }
}
