//! A struct as a field of others, and the check that its own fields are fields.

use super::bounds;
use crate::tree::Record;
use proc_macro2::TokenStream;
use quote::quote;
use syn::Ident;

/// The impls of `Field` and `Patchable` for a section.
pub(super) fn section(record: &Record, patch: &Ident) -> TokenStream {
    let (krate, ident) = (&record.krate, &record.ident);
    let private = quote!(#krate::__private);
    let generics = bounds::value(record);
    let (params, arguments, clause) = generics.split_for_impl();
    let field = bounds::with_lifetime(&generics, quote!('__f));
    quote! {
        impl #params #krate::patch::Patchable for #ident #arguments #clause {
            type Patch = #patch #arguments;
        }

        impl #field #private::Field<'__f> for #ident #arguments #clause {
            type Patch = #patch #arguments;
            type Rule = #private::ByField;

            fn decode<'de, __D: #private::serde::Deserializer<'de>>(
                deserializer: __D,
                cx: &mut #private::Context<'_>,
            ) -> ::core::result::Result<Self::Patch, __D::Error> {
                #private::record::decode(deserializer, cx)
            }

            fn encode<__S: #private::serde::Serializer>(
                patch: &Self::Patch,
                serializer: __S,
            ) -> ::core::result::Result<__S::Ok, __S::Error> {
                #private::record::encode(patch, serializer)
            }
        }
    }
}

/// Reports each field whose type is none, at that type. A type with a parameter is the user's
/// affair where the parameter is given.
pub(super) fn checks(record: &Record) -> TokenStream {
    let fields = record.wired().filter(|field| !field.generic);
    let checks = fields.enumerate().map(|(number, field)| {
        let check = quote::format_ident!("__field_{number}");
        let (ty, bound) = (&field.ty, bounds::bound(record, field));
        quote! {
            fn #check<__F: #bound>() {}
            let _ = #check::<#ty>;
        }
    });
    let value = bounds::check_value(&record.generics, &record.ident, &record.krate);
    quote! {
        const _: fn() = || { #(#checks)* };
        #value
    }
}
