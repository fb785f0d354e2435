//! `FooPatch`: the struct, and what only a named patch has.

use super::bounds;
use super::field::item;
use crate::tree::{FieldType, Foreign, Record};
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
    let (krate, vis, patch) = (&record.krate, &record.vis, ident(record));
    let docs = format!(
        "A patch of [`{0}`]: each field is absent, null (`Some(None)`) or a value.\n\n\
         Made by a derive of `{0}`.",
        record.ident
    );
    let fields = record.wired().map(|field| {
        let (ident, vis) = (&field.ident, &field.vis);
        let (slot, readable) = (slot(krate, &field.ty), readable(krate, &field.ty));
        let (docs, allows) = (&field.docs, &field.allows);
        let docs = match docs.is_empty() {
            true => {
                let text = format!("What the patch says about `{}`.", field.ident);
                quote!(#[doc = #text])
            }
            false => docs.clone(),
        };
        let one = |cfg: TokenStream, ty: &TokenStream| quote!(#cfg #docs #allows #vis #ident: #ty);
        if field.ty.sure() && field.ty.foreign.is_none() {
            return one(quote!(), &slot);
        }
        let (read, compiled) = (quote!(#[cfg(doc)]), quote!(#[cfg(not(doc))]));
        let (read, compiled) = (one(read, &readable), one(compiled, &slot));
        quote!(#read, #compiled)
    });
    let (definition, allows) = (structure(record, &patch, fields), &record.allows);
    quote! {
        #[doc = #docs]
        #allows
        #[allow(deprecated, missing_copy_implementations, unused_qualifications)]
        #[allow(clippy::exhaustive_structs)]
        #vis #definition
    }
}

/// The struct of slots that nobody sees.
pub(super) fn hidden(record: &Record, name: &Ident) -> TokenStream {
    let fields = record.wired().map(|field| {
        let (ident, slot) = (&field.ident, slot(&record.krate, &field.ty));
        quote!(#ident: #slot)
    });
    structure(record, name, fields)
}

/// The type of a field's slot.
fn slot(krate: &TokenStream, ty: &FieldType) -> TokenStream {
    match &ty.foreign {
        None if ty.sure() => readable(krate, ty),
        _ => {
            let change = item(krate, ty, "Change");
            quote!(#krate::__private::Slot<#change>)
        }
    }
}

/// The same type as people read it.
fn readable(krate: &TokenStream, ty: &FieldType) -> TokenStream {
    match &ty.foreign {
        None => quote!(#krate::__private::FieldPatch<#ty>),
        Some(Foreign { inner, .. }) => quote!(#krate::__private::Slot<#inner>),
    }
}

fn structure(
    record: &Record,
    name: &Ident,
    fields: impl Iterator<Item = TokenStream>,
) -> TokenStream {
    let generics = bounds::patch(record);
    let clause = &generics.where_clause;
    let unused = unused(record);
    let unused = unused.iter().map(|(param, field)| {
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

/// The type parameters that no field on the wire mentions, and the fields that stand in for these.
pub(super) fn unused(record: &Record) -> Vec<(Ident, Ident)> {
    let mentioned = |param: &Ident| record.wired().any(|field| field.ty.mentions(param));
    let params = record.generics.type_params().enumerate();
    let params = params.map(|(number, param)| {
        let marker = format_ident!("__parameter_{number}");
        (param.ident.clone(), marker)
    });
    params.filter(|(param, _)| !mentioned(param)).collect()
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
        #[automatically_derived]
        impl #params #krate::__private::serde::Serialize for #patch #arguments #clause {
            fn serialize<__Serializer: #krate::__private::serde::Serializer>(
                &self,
                __s: __Serializer,
            ) -> ::core::result::Result<__Serializer::Ok, __Serializer::Error> {
                #krate::__private::record::encode(self, __s)
            }
        }

        #[automatically_derived]
        impl #de #krate::__private::serde::Deserialize<'de> for #patch #arguments #clause {
            fn deserialize<__Deserializer: #krate::__private::serde::Deserializer<'de>>(
                __d: __Deserializer,
            ) -> ::core::result::Result<Self, __Deserializer::Error> {
                #krate::__private::record::deserialize(__d)
            }
        }

        #[automatically_derived]
        impl #params ::core::convert::TryFrom<#patch #arguments> for #ident #arguments
        #value_clause
        {
            type Error = #krate::patch::PatchError;

            fn try_from(__patch: #patch #arguments) -> ::core::result::Result<Self, Self::Error> {
                #krate::__private::record::from_fields(__patch)
            }
        }
    }
}
