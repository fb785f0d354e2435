//! `Patchable`: builds a struct from its slots, and merges them.

use super::bounds;
use super::field::{item, list};
use crate::sdk::private;
use crate::tree::{Field, Record};
use proc_macro2::TokenStream;
use quote::quote;
use syn::{Expr, Ident};

/// Generates the impl of `Patchable`.
pub(super) fn impls(record: &Record, patch: &Ident) -> TokenStream {
    let (krate, ident) = (&record.krate, &record.ident);
    let generics = bounds::mergeable(record);
    let (_, arguments, _) = generics.split_for_impl();
    let build = built(record, &quote!(Self));
    let compare = record.wired().map(|field| compare(record, field));
    let merge = record.wired().map(|field| merge(record, field));
    let diff = each(record, |field| {
        let (ident, diff) = (&field.ident, item(krate, &field.ty, "diff_field"));
        quote!(#diff(&__value.#ident, &__later.#ident, __all))
    });
    let (result, private) = (quote!(::core::result::Result), private(krate));
    let error = quote!(#krate::patch::PatchError);
    let body = quote! {
            type Patch = #patch #arguments;

            fn build_slots(__patch: &mut Self::Patch) -> #result<Self, #error> {
                let _ = &__patch;
                #result::Ok(#build)
            }

            fn compare_slots<__Compare: #private::Compare>(
                __base: &Self,
                __patch: &Self::Patch,
                __compare: &mut __Compare,
            ) -> #private::bool {
                let _ = (__base, __patch, &__compare);
                #(if !#compare {
                    return false;
                })*
                true
            }

            fn merge_slots(
                __value: &mut Self,
                __patch: &mut Self::Patch,
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
    };
    let head = quote!(#krate::patch::Patchable for #ident #arguments);
    bounds::documented(&generics, bounds::check(record), &head, &body)
}

/// Generates the struct or variant `path`, built from the slots of `__patch`.
pub(super) fn built(record: &Record, path: &TokenStream) -> TokenStream {
    let fields = record.fields.iter().map(|field| build(record, field));
    quote!(#path { #(#fields,)* })
}

/// Generates an initializer for each slot, with the expression that `value` returns.
pub(super) fn each(record: &Record, value: impl Fn(&Field) -> TokenStream) -> TokenStream {
    let slots = record.wired().map(|field| {
        let (ident, value) = (&field.ident, value(field));
        quote!(#ident: #value)
    });
    let markers = super::patch::unused(record).into_iter();
    let markers = markers.map(|(_, marker)| marker);
    quote!(#(#slots,)* #(#markers: ::core::marker::PhantomData,)*)
}

/// Generates the slot of a field, trimmed to the maximum length of its list.
fn slot(record: &Record, field: &Field) -> TokenStream {
    let (krate, ident) = (&record.krate, &field.ident);
    match field.max() {
        Some(max) => {
            let (trim, max) = (list(krate, field, "trim_slot"), number(krate, max));
            quote!(#trim(&mut __patch.#ident, #max))
        }
        None => quote!(&mut __patch.#ident),
    }
}

/// Generates the maximum length of a list. The explicit type makes the compiler report a wrong type once, and always in
/// the same way.
fn number(krate: &TokenStream, max: &Expr) -> TokenStream {
    let private = private(krate);
    quote!({
        let __max: #private::usize = #max;
        __max
    })
}

/// Generates the default of a field, trimmed to the maximum length of its list.
fn default(record: &Record, field: &Field) -> Option<TokenStream> {
    let (krate, default) = (&record.krate, field.default.as_ref()?);
    Some(match field.max() {
        Some(max) => {
            let (trim, max) = (list(krate, field, "trimmed"), number(krate, max));
            quote!(#trim(#default, #max))
        }
        None => default.clone(),
    })
}

fn build(record: &Record, field: &Field) -> TokenStream {
    let (krate, ident, name) = (&record.krate, &field.ident, &field.name);
    if !field.is_wired() {
        let default = &field.default;
        return quote!(#ident: #default);
    }
    let slot = slot(record, field);
    let built = match default(record, field) {
        Some(default) => {
            let build = item(krate, &field.ty, "build_field_or");
            quote!(#build(#name, #slot, || #default))
        }
        None => {
            let build = item(krate, &field.ty, "build_field");
            quote!(#build(#name, #slot))
        }
    };
    // In a debug build, a `?` would move the field twice more, and setting the root outside would move the struct. Each
    // move takes the size of the value on the stack.
    let root = &record.name;
    quote! {
        #ident: match #built {
            ::core::result::Result::Ok(__built) => __built,
            ::core::result::Result::Err(__error) => {
                return ::core::result::Result::Err(#krate::patch::PatchError::under(__error, #root));
            }
        }
    }
}

fn compare(record: &Record, field: &Field) -> TokenStream {
    let (krate, ident, name) = (&record.krate, &field.ident, &field.name);
    let slot = match field.max() {
        Some(max) => {
            let (compared, max) = (list(krate, field, "compared"), number(krate, max));
            quote!(&#compared::<__Compare>(&__patch.#ident, #max))
        }
        None => quote!(&__patch.#ident),
    };
    match default(record, field) {
        Some(default) => {
            let compare = item(krate, &field.ty, "compare_field_or");
            quote!(#compare(#name, &__base.#ident, #slot, __compare, || #default))
        }
        None => {
            let compare = item(krate, &field.ty, "compare_field");
            quote!(#compare(#name, &__base.#ident, #slot, __compare))
        }
    }
}

fn merge(record: &Record, field: &Field) -> TokenStream {
    let (krate, ident, name) = (&record.krate, &field.ident, &field.name);
    let slot = slot(record, field);
    let merged = match default(record, field) {
        Some(default) => {
            let merge = item(krate, &field.ty, "merge_field_or");
            quote!(#merge(#name, &mut __value.#ident, #slot, || #default)?)
        }
        None => {
            let merge = item(krate, &field.ty, "merge_field");
            quote!(#merge(#name, &mut __value.#ident, #slot)?)
        }
    };
    match field.max() {
        Some(max) => {
            let (count, trim) = (list(krate, field, "count"), list(krate, field, "trim"));
            let max = number(krate, max);
            quote! {{
                let __before = #count(&__value.#ident);
                #merged && #trim(&mut __value.#ident, #max, __before)
            }}
        }
        None => merged,
    }
}
