//! The typed key of an entity.

use super::bounds;
use crate::sdk::private;
use crate::tree::Record;
use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{parse_quote, Ident};

/// Generates the impl of `Keyed` if there is a key.
pub(super) fn entity(record: &Record) -> TokenStream {
    let Some(key) = &record.key else {
        return TokenStream::new();
    };
    if !record.fields.iter().any(|field| key.starts_at(field)) {
        return TokenStream::new();
    }
    let (krate, owner) = (&record.krate, &record.ident);
    let private = private(krate);
    // Its span must not be that of the path, which a macro may have written.
    let field = Ident::new("__field", Span::call_site());
    // A field's type may be an `Option`, or one in an `Option`, which the code for its value goes through.
    let steps = key.fields.iter().map(|name| {
        quote_spanned! {name.span()=>
            let #field = &#field.#name;
            let #field = #private::Step(#field).through()?;
            let #field = #private::Step(#field).through()?;
        }
    });
    let (ty, end) = match &key.ty {
        Some(ty) => (
            quote!(#ty),
            quote_spanned!(ty.span()=> #private::typed_key::<#ty, _>(#field)),
        ),
        None => {
            let at = key.at.span();
            let field = Ident::new("__field", at.resolved_at(Span::call_site()));
            (
                quote!(#private::String),
                quote_spanned!(at=> #private::text_key(#field)),
            )
        }
    };
    let mut generics = bounds::row(record);
    if !generics.params.is_empty() {
        generics = bounds::with(generics, Some(parse_quote!(#ty: #krate::Key)));
    }
    let (_, arguments, _) = record.generics.split_for_impl();
    let body = quote! {
        type Key = #ty;

        fn key_field(&self) -> ::core::option::Option<&Self::Key> {
            #[allow(unused_imports)]
            use #private::AnyStep as _;
            let #field = self;
            #(#steps)*
            ::core::option::Option::Some(#end)
        }
    };
    let head = quote!(#krate::Keyed for #owner #arguments);
    bounds::documented(&generics, bounds::check(record), &head, &body)
}
