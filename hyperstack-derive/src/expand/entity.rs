//! The code of an entity in addition to that of a section: name, marker and key.

use super::{bounds, key};
use crate::sdk::private;
use crate::tree::Record;
use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::ext::IdentExt;
use syn::Ident;

/// Generates the marker type `FooEntity`.
pub(super) fn marker(record: &Record) -> TokenStream {
    if !record.generics.params.is_empty() {
        return TokenStream::new();
    }
    let (vis, allows, marker) = (&record.vis, &record.allows, marker_ident(record));
    let docs = format!(
        "Names the entity of [`{0}`] in calls such as `list::<{marker}>()`, which return rows of type `{0}`.\n\n\
         It has no data. `{0}` itself works as well.",
        record.ident
    );
    quote! {
        #[doc = #docs]
        #allows
        #vis struct #marker;
    }
}

fn marker_ident(record: &Record) -> Ident {
    format_ident!("{}Entity", record.ident.unraw())
}

/// Generates the impls of `Entity` and `Keyed`.
pub(super) fn impls(record: &Record) -> TokenStream {
    let (krate, ident, name) = (&record.krate, &record.ident, &record.name);
    let private = private(krate);
    let generics = bounds::row(record);
    let (params, arguments, _) = generics.split_for_impl();
    let body = quote! {
        type Data = #ident #arguments;
        const NAME: &'static #private::str = #name;
    };
    let entity = |who: TokenStream| {
        let head = quote!(#krate::patch::Entity for #who);
        bounds::documented(&generics, bounds::check(record), &head, &body)
    };
    let data = entity(quote!(#ident #arguments));
    let (_, _, own_clause) = record.generics.split_for_impl();
    let known = quote! {
        impl #params #private::KnownEntity for #ident #arguments #own_clause {}
    };
    let key = key::entity(record);
    if !record.generics.params.is_empty() {
        return quote!(#data #known #key);
    }
    let ident = marker_ident(record);
    let text = ident.to_string();
    let marker = entity(quote!(#ident));
    quote! {
        #data
        #known
        #marker
        #[automatically_derived]
        impl ::core::clone::Clone for #ident {
            fn clone(&self) -> Self {
                *self
            }
        }
        #[automatically_derived]
        impl ::core::marker::Copy for #ident {}
        #[automatically_derived]
        impl ::core::fmt::Debug for #ident {
            fn fmt(&self, __f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                ::core::fmt::Formatter::write_str(__f, #text)
            }
        }
        #key
    }
}
