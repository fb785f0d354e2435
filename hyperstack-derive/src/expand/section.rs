//! A section as a field of other structs.

use super::bounds;
use crate::sdk::private;
use crate::tree::Record;
use proc_macro2::TokenStream;
use quote::quote;
use syn::Ident;

/// Generates the impls of `Field` for a section.
pub(super) fn impls(record: &Record, patch: &Ident) -> TokenStream {
    let (krate, ident) = (&record.krate, &record.ident);
    let private = private(krate);
    let generics = bounds::with(bounds::mergeable(record), bounds::check(record));
    let (params, arguments, clause) = generics.split_for_impl();
    quote! {
        #[doc(hidden)]
        #[automatically_derived]
        impl #params #private::Field for #ident #arguments #clause {
            type Change = #patch #arguments;
            type Rule = #private::ByField;

            fn decode_field<'de, __Deserializer: #private::serde::Deserializer<'de>>(
                __d: __Deserializer,
                __cx: &mut #private::Context<'_>,
            ) -> ::core::result::Result<Self::Change, __Deserializer::Error> {
                #private::record::decode(__d, __cx)
            }

            fn read_field<'de, __MapAccess: #private::serde::de::MapAccess<'de>>(
                __slot: &mut ::core::option::Option<::core::option::Option<Self::Change>>,
                __map: &mut __MapAccess,
                __cx: &mut #private::Context<'_>,
            ) -> ::core::result::Result<(), __MapAccess::Error> {
                #private::record::read(__slot, __map, __cx)
            }

            fn encode_field<__Serializer: #private::serde::Serializer>(
                __patch: &Self::Change,
                __s: __Serializer,
            ) -> ::core::result::Result<__Serializer::Ok, __Serializer::Error> {
                #private::walk::encode(__patch, __s)
            }
        }
    }
}
