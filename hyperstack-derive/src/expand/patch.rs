//! `FooPatch`: the struct, and what only a named patch has.

use super::bounds;
use super::field::place;
use crate::tree::Record;
use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::ext::IdentExt;
use syn::Ident;

/// What the patch is called.
pub(super) fn ident(record: &Record) -> Ident {
    format_ident!("{}Patch", record.ident.unraw())
}

/// The struct of the patch.
pub(super) fn definition(record: &Record) -> TokenStream {
    let (vis, patch) = (&record.vis, ident(record));
    let docs = format!(
        "A patch of [`{0}`]: each field is absent, null (`Some(None)`) or a value.\n\n\
         Made by a derive of `{0}`.",
        record.ident
    );
    let fields = record.wired().map(|field| {
        let (ident, vis) = (&field.ident, &field.vis);
        let slot = place(&record.krate, field).slot();
        let docs = &field.docs;
        let docs = match docs.is_empty() {
            true => {
                let text = format!("What the patch says about `{}`.", field.ident);
                quote!(#[doc = #text])
            }
            false => quote!(#(#docs)*),
        };
        quote! {
            #docs
            #vis #ident: #slot
        }
    });
    let definition = structure(record, &patch, fields);
    quote! {
        #[doc = #docs]
        #[allow(missing_copy_implementations, private_bounds, trivial_bounds, unused_qualifications)]
        #vis #definition
    }
}

/// The struct of slots that nobody sees.
pub(super) fn hidden(record: &Record, name: &Ident) -> TokenStream {
    let fields = record.wired().map(|field| {
        let (ident, slot) = (&field.ident, place(&record.krate, field).slot());
        quote!(#ident: #slot)
    });
    structure(record, name, fields)
}

fn structure(
    record: &Record,
    name: &Ident,
    fields: impl Iterator<Item = TokenStream>,
) -> TokenStream {
    let generics = bounds::patch(record);
    let clause = &generics.where_clause;
    let unused = unused(record);
    let unused = unused.iter().map(|param| {
        let field = marker(param);
        quote! {
            #[doc(hidden)]
            pub #field: ::core::marker::PhantomData<fn() -> #param>
        }
    });
    quote! {
        struct #name #generics #clause {
            #(#fields,)*
            #(#unused,)*
        }
    }
}

/// The type parameters that no field on the wire mentions.
pub(super) fn unused(record: &Record) -> Vec<Ident> {
    let mentioned = |param: &Ident| record.wired().any(|field| field.ty.mentions(param));
    let params = record.generics.type_params();
    let params = params.map(|param| param.ident.clone());
    params.filter(|param| !mentioned(param)).collect()
}

/// The field that stands in for such a parameter.
pub(super) fn marker(param: &Ident) -> Ident {
    format_ident!("__{}", param.to_string().to_lowercase())
}

/// `Serialize`, `Deserialize`, `Patch`, and `TryFrom` for the struct.
pub(super) fn impls(record: &Record, patch: &Ident) -> TokenStream {
    let (krate, ident) = (&record.krate, &record.ident);
    let generics = bounds::patch(record);
    let (params, arguments, clause) = generics.split_for_impl();
    let de = bounds::with_lifetime(&generics, quote!('de));
    let values = bounds::value(generics.clone(), &record.generics, ident, krate);
    let (_, _, value_clause) = values.split_for_impl();
    quote! {
        impl #params #krate::__private::serde::Serialize for #patch #arguments #clause {
            fn serialize<__S: #krate::__private::serde::Serializer>(
                &self,
                serializer: __S,
            ) -> ::core::result::Result<__S::Ok, __S::Error> {
                #krate::__private::record::encode(self, serializer)
            }
        }

        impl #de #krate::__private::serde::Deserialize<'de> for #patch #arguments #clause {
            fn deserialize<__D: #krate::__private::serde::Deserializer<'de>>(
                deserializer: __D,
            ) -> ::core::result::Result<Self, __D::Error> {
                #krate::__private::record::deserialize(deserializer)
            }
        }

        impl #params ::core::convert::TryFrom<#patch #arguments> for #ident #arguments
        #value_clause
        {
            type Error = #krate::patch::PatchError;

            fn try_from(patch: #patch #arguments) -> ::core::result::Result<Self, Self::Error> {
                #krate::__private::record::from_fields(patch)
            }
        }
    }
}
