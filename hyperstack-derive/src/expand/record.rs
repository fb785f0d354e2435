//! `Patchable`: how a struct is built from its slots, and merges them.

use super::bounds;
use super::field::{place, Place};
use crate::tree::{Field, Record};
use proc_macro2::TokenStream;
use quote::quote;
use syn::{Expr, Ident};

/// The impl of `Patchable`.
pub(super) fn impls(record: &Record, patch: &Ident) -> TokenStream {
    let (krate, ident) = (&record.krate, &record.ident);
    let generics = bounds::value(bounds::patch(record), &record.generics, ident, krate);
    let (params, arguments, clause) = generics.split_for_impl();
    let build = built(record);
    let check = record.wired().map(|field| check(record, field));
    let merge = record.wired().map(|field| merge(record, field));
    let diff = each(record, |field| {
        let (place, ident) = (place(krate, field), &field.ident);
        let (value, later) = (
            place.member("&", "__value", ident),
            place.member("&", "__later", ident),
        );
        place.call(place.item("diff"), quote!(#value, #later, __all))
    });
    let (result, private) = (quote!(::core::result::Result), quote!(#krate::__private));
    let error = quote!(#krate::patch::PatchError);
    quote! {
        #[automatically_derived]
        impl #params #krate::patch::Patchable for #ident #arguments #clause {
            type Patch = #patch #arguments;

            fn build_slots(__patch: Self::Patch) -> #result<Self, #error> {
                let _ = &__patch;
                #result::Ok(#build)
            }

            fn check_slots(__base: &Self, __patch: &Self::Patch) -> #result<(), #error> {
                let _ = (__base, __patch);
                #(#check;)*
                #result::Ok(())
            }

            fn merge_slots(
                __value: &mut Self,
                __patch: Self::Patch,
            ) -> #result<#private::bool, #error> {
                let _ = (&__value, &__patch);
                let __changed = false;
                #(let __changed = __changed | #merge;)*
                #result::Ok(__changed)
            }

            fn diff_slots(
                __value: &Self,
                __later: &Self,
                __all: #private::bool,
            ) -> Self::Patch {
                let _ = (__value, __later, __all);
                #patch { #diff }
            }
        }
    }
}

/// `Self`, built from the slots of `__patch`.
pub(super) fn built(record: &Record) -> TokenStream {
    let fields = record.fields.iter().map(|field| build(record, field));
    quote!(Self { #(#fields,)* })
}

/// All slots by their names, each with the value that `value` gives it.
pub(super) fn each(record: &Record, value: impl Fn(&Field) -> TokenStream) -> TokenStream {
    let slots = record
        .wired()
        .map(|field| place(&record.krate, field).entry(&field.ident, value(field)));
    let markers = super::patch::unused(record).into_iter();
    let markers = markers.map(|(_, marker)| marker);
    quote!(#(#slots,)* #(#markers: ::core::marker::PhantomData,)*)
}

/// The slot of a field, without what its list would not keep.
fn slot(record: &Record, place: &Place<'_>, field: &Field) -> TokenStream {
    let slot = place.member("", "__patch", &field.ident);
    match field.max() {
        Some(max) => {
            let max = number(&record.krate, max);
            place.call(place.list("trim_slot"), quote!(#slot, #max))
        }
        None => slot,
    }
}

/// The most elements of a list. Its type is said here, so that wherever it is wrong, rustc says the
/// same, and says it once.
fn number(krate: &TokenStream, max: &Expr) -> TokenStream {
    quote!({
        let __max: #krate::__private::usize = #max;
        __max
    })
}

fn build(record: &Record, field: &Field) -> TokenStream {
    let (ident, name) = (&field.ident, &field.name);
    if field.attrs.skip.is_some() {
        let default = &field.default;
        return quote!(#ident: #default);
    }
    let place = place(&record.krate, field);
    let slot = slot(record, &place, field);
    let built = match &field.default {
        Some(default) => place.call(place.item("build_or"), quote!(#name, #slot, || #default)),
        None => place.call(place.item("build"), quote!(#name, #slot)),
    };
    let built = place.tried(built);
    quote!(#ident: #built)
}

fn check(record: &Record, field: &Field) -> TokenStream {
    let (place, ident, name) = (place(&record.krate, field), &field.ident, &field.name);
    let check = match field.default {
        Some(_) => place.item("check_or"),
        None => place.item("check"),
    };
    let (base, slot) = (
        place.member("&", "__base", ident),
        place.member("&", "__patch", ident),
    );
    place.tried(place.call(check, quote!(#name, #base, #slot)))
}

fn merge(record: &Record, field: &Field) -> TokenStream {
    let (place, name) = (place(&record.krate, field), &field.name);
    let (value, slot) = (
        place.member("&mut", "__value", &field.ident),
        slot(record, &place, field),
    );
    let merged = match &field.default {
        Some(default) => {
            let arguments = quote!(#name, #value, #slot, || #default);
            place.call(place.item("merge_or"), arguments)
        }
        None => place.call(place.item("merge"), quote!(#name, #value, #slot)),
    };
    let merged = place.tried(merged);
    match field.max() {
        Some(max) => {
            let max = number(&record.krate, max);
            let trimmed = place.call(place.list("trim"), quote!(#value, #max));
            quote! {{
                let __merged = #merged;
                #trimmed;
                __merged
            }}
        }
        None => merged,
    }
}
