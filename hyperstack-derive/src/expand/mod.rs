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
use proc_macro2::{Span, TokenStream};
use quote::quote;
use syn::{Generics, Ident};

/// The code of the derive `Entity`.
pub(crate) fn entity(record: &Record) -> TokenStream {
    let (marker, code) = (entity::marker(record), merged(record));
    let checked = checked(
        &record.krate,
        &record.ident,
        &record.generics,
        "CheckedEntity",
    );
    let impls = entity::impls(record);
    let impls = constant(&record.allows, quote!(#checked #impls));
    quote!(#code #marker #impls)
}

/// The code of the derive `Section`.
pub(crate) fn section(record: &Record) -> TokenStream {
    let code = merged(record);
    let checked = checked(
        &record.krate,
        &record.ident,
        &record.generics,
        "CheckedPart",
    );
    let checked = constant(&record.allows, quote!(#checked));
    quote!(#code #checked)
}

/// The code of the derive `Leaf`.
pub(crate) fn leaf(leaf: &Leaf) -> TokenStream {
    let checked = checked(&leaf.krate, &leaf.ident, &leaf.generics, "CheckedPart");
    let impls = leaf::impls(leaf);
    constant(&leaf.allows, quote!(#checked #impls))
}

/// The patch of what is merged field by field, and the merge.
fn merged(record: &Record) -> TokenStream {
    let patch = patch::ident(record);
    let definition = patch::definition(record);
    let slots = slots::impls(record, &patch);
    let wire = patch::impls(record, &patch);
    let merge = record::impls(record, &patch);
    let section = section::impls(record, &patch);
    let fields = key::fields(record);
    let impls = constant(&record.allows, quote!(#slots #wire #merge #section #fields));
    quote!(#definition #impls)
}

/// Reports what the item lacks, at its name, and once. What is missing for a parameter is missing where
/// that is given.
fn checked(krate: &TokenStream, ident: &Ident, own: &Generics, by: &str) -> Option<TokenStream> {
    let by = Ident::new(by, Span::call_site());
    let check = quote!(const _: bool = <#ident as #krate::__private::#by>::CHECKED;);
    own.params.is_empty().then_some(check)
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
