//! A section as a field of others.

use super::bounds;
use crate::tree::Record;
use proc_macro2::TokenStream;
use quote::quote;
use syn::Ident;

/// The impls of `Field` for a section.
pub(super) fn impls(record: &Record, patch: &Ident) -> TokenStream {
    let (krate, ident) = (&record.krate, &record.ident);
    let private = quote!(#krate::__private);
    let generics = bounds::value(bounds::patch(record), &record.generics, ident, krate);
    let (params, arguments, clause) = generics.split_for_impl();
    quote! {
        impl #params #private::Field for #ident #arguments #clause {
            type Change = #patch #arguments;
            type Rule = #private::ByField;

            fn decode<'de, __D: #private::serde::Deserializer<'de>>(
                deserializer: __D,
                cx: &mut #private::Context<'_>,
            ) -> ::core::result::Result<Self::Change, __D::Error> {
                #private::record::decode(deserializer, cx)
            }

            fn encode<__S: #private::serde::Serializer>(
                patch: &Self::Change,
                serializer: __S,
            ) -> ::core::result::Result<__S::Ok, __S::Error> {
                #private::record::encode(patch, serializer)
            }
        }
    }
}
