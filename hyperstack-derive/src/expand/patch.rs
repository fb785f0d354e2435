//! `FooPatch`: the struct and its own impls.

use super::bounds;
use super::field::item;
use super::record::each;
use crate::sdk::private;
use crate::tree::{FieldType, Foreign, Record};
use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::ext::IdentExt;
use syn::Ident;

/// Returns the name of the patch.
pub(super) fn ident(record: &Record) -> Ident {
    format_ident!("{}Patch", record.ident.unraw())
}

/// Generates the struct of the patch.
pub(super) fn definition(record: &Record) -> TokenStream {
    let (krate, vis, patch) = (&record.krate, &record.vis, ident(record));
    let docs = format!(
        "A change of some fields of [`{0}`].\n\n\
         Each field is `None` (not set), `Some(None)` (null) or `Some(Some(change))`. Merge the patch into a value \
         with `apply`, or build a new value with `try_from`. Both return an error for a null in a field that is not \
         nullable and has no default.",
        record.ident
    );
    let fields = record.wired().map(|field| {
        let (ident, vis) = (&field.ident, &field.vis);
        let (slot, readable) = (slot(krate, &field.ty), readable(krate, &field.ty));
        let (docs, allows) = (&field.docs, &field.allows);
        let summary = docs
            .is_empty()
            .then(|| format!(" A change of `{}`.\n", field.ident));
        let slot_docs = format!(
            "{}\n `None` keeps the field, `Some(None)` sets it to null, and `Some(Some(change))` changes it.",
            summary.unwrap_or_default()
        );
        let docs = quote!(#docs #[doc = #slot_docs]);
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

/// Generates a hidden struct of slots.
pub(super) fn hidden(record: &Record, name: &Ident) -> TokenStream {
    let fields = record.wired().map(|field| {
        let (ident, slot) = (&field.ident, slot(&record.krate, &field.ty));
        quote!(#ident: #slot)
    });
    structure(record, name, fields)
}

/// Returns the type of a field's slot.
fn slot(krate: &TokenStream, ty: &FieldType) -> TokenStream {
    let private = private(krate);
    if is_readable(ty) {
        return readable(krate, ty);
    }
    let change = item(krate, ty, "Change");
    quote!(#private::Slot<#change>)
}

/// Whether the compiled type of a slot is readable, because it has no constants.
fn is_readable(ty: &FieldType) -> bool {
    ty.sure() && ty.foreign.is_none()
}

/// Returns the type of a field's slot in a readable form.
fn readable(krate: &TokenStream, ty: &FieldType) -> TokenStream {
    let private = private(krate);
    match &ty.foreign {
        None => quote!(#private::FieldPatch<#ty>),
        Some(Foreign { inner, .. }) => quote!(#private::Slot<#inner>),
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

/// Returns the type parameters that no field on the wire mentions, each with the name of a marker field.
pub(super) fn unused(record: &Record) -> Vec<(Ident, Ident)> {
    let mentioned = |param: &Ident| record.wired().any(|field| field.ty.mentions(param));
    let params = record.generics.type_params().enumerate();
    let params = params.map(|(number, param)| {
        let marker = format_ident!("__parameter_{number}");
        (param.ident.clone(), marker)
    });
    params.filter(|(param, _)| !mentioned(param)).collect()
}

/// Generates the impls of standard and serde traits, and `TryFrom` for the struct.
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
    let (private, name) = (private(krate), patch.to_string());
    let values = bounds::mergeable(record);
    let (_, _, value_clause) = values.split_for_impl();
    quote! {
        #[automatically_derived]
        impl #params ::core::clone::Clone for #patch #arguments #clause {
            fn clone(&self) -> Self {
                Self { #clones }
            }
        }

        // Not marked as derived, because clippy would then ask for `Eq`.
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
