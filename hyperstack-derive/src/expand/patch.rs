//! `FooPatch`: the struct, and what only a named patch has.

use super::bounds;
use super::field::item;
use super::record::each;
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
        if is_readable(&field.ty) {
            return one(quote!(), &slot);
        }
        let read = one(quote!(#[cfg(doc)]), &readable);
        let compiled = one(quote!(#[cfg(not(doc))]), &slot);
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
    if is_readable(ty) {
        return readable(krate, ty);
    }
    let change = item(krate, ty, "Change");
    quote!(#krate::__private::Slot<#change>)
}

/// Whether people can read the type of a slot as it is compiled: without constants.
fn is_readable(ty: &FieldType) -> bool {
    ty.sure() && ty.foreign.is_none()
}

/// The type of a field's slot as people read it.
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

/// The traits of the standard library and of serde, and `TryFrom` for the struct.
pub(super) fn impls(record: &Record, patch: &Ident) -> TokenStream {
    let (krate, ident) = (&record.krate, &record.ident);
    let generics = bounds::patch(record);
    let (params, arguments, clause) = generics.split_for_impl();
    let de = bounds::with_lifetime(&generics, quote!('de));
    let fields: Vec<_> = record.wired().map(|field| &field.ident).collect();
    let clones = each(record, |field| {
        let ident = &field.ident;
        quote!(::core::clone::Clone::clone(&self.#ident))
    });
    let (private, name) = (quote!(#krate::__private), patch.to_string());
    let values = bounds::value(generics.clone(), record);
    let (_, _, value_clause) = values.split_for_impl();
    quote! {
        #[automatically_derived]
        impl #params ::core::clone::Clone for #patch #arguments #clause {
            fn clone(&self) -> Self {
                Self { #clones }
            }
        }

        // Clippy would ask for `Eq` if this were said to be derived.
        impl #params ::core::cmp::PartialEq for #patch #arguments #clause {
            fn eq(&self, __other: &Self) -> #private::bool {
                let _ = __other;
                true #(&& ::core::cmp::PartialEq::eq(&self.#fields, &__other.#fields))*
            }
        }

        #[automatically_derived]
        impl #params ::core::fmt::Debug for #patch #arguments #clause {
            fn fmt(
                &self,
                __f: &mut ::core::fmt::Formatter<'_>,
            ) -> ::core::fmt::Result {
                #private::walk::debug(#name, self, __f)
            }
        }

        #[automatically_derived]
        impl #params #private::serde::Serialize for #patch #arguments #clause {
            fn serialize<__Serializer: #private::serde::Serializer>(
                &self,
                __s: __Serializer,
            ) -> ::core::result::Result<__Serializer::Ok, __Serializer::Error> {
                #private::walk::encode(self, __s)
            }
        }

        #[automatically_derived]
        impl #de #private::serde::Deserialize<'de> for #patch #arguments #clause {
            fn deserialize<__Deserializer: #private::serde::Deserializer<'de>>(
                __d: __Deserializer,
            ) -> ::core::result::Result<Self, __Deserializer::Error> {
                #private::record::deserialize(__d)
            }
        }

        #[automatically_derived]
        impl #params ::core::convert::TryFrom<#patch #arguments> for #ident #arguments
        #value_clause
        {
            type Error = #krate::patch::PatchError;

            fn try_from(mut __patch: #patch #arguments) -> ::core::result::Result<Self, Self::Error> {
                <Self as #krate::patch::Patchable>::build_slots(&mut __patch)
            }
        }
    }
}
