//! `Record`: how a struct is built from its slots, and merges them.

use super::bounds;
use crate::tree::{Field, Record};
use proc_macro2::TokenStream;
use quote::quote;
use syn::{Expr, Ident};

/// The impl of `Record`; `patch` holds the slots.
pub(super) fn impls(record: &Record, patch: &Ident) -> TokenStream {
    let (krate, ident) = (&record.krate, &record.ident);
    let private = quote!(#krate::__private);
    let generics = bounds::value(record);
    let (params, arguments, clause) = generics.split_for_impl();
    let build = record.fields.iter().map(|field| build(record, field));
    let check = record.wired().map(|field| check(record, field));
    let merge = record.wired().map(|field| merge(record, field));
    let diff = record.wired().map(|field| {
        let (ident, types) = (&field.ident, types(record, field));
        quote!(#ident: #private::record::diff::<#types>(&value.#ident, &later.#ident))
    });
    let whole = record.wired().map(|field| {
        let (ident, types) = (&field.ident, types(record, field));
        quote!(#ident: #private::record::whole::<#types>(&value.#ident))
    });
    let markers = super::patch::unused(record);
    let markers = markers.iter().map(super::patch::marker);
    let markers = quote!(#(#markers: ::core::marker::PhantomData,)*);
    let result = quote!(::core::result::Result);
    let error = quote!(#krate::patch::PatchError);
    quote! {
        impl #params #private::Record for #ident #arguments #clause {
            type Fields = #patch #arguments;

            fn build(patch: Self::Fields) -> #result<Self, #error> {
                let _ = &patch;
                #result::Ok(Self { #(#build,)* })
            }

            fn check(
                base: ::core::option::Option<&Self>,
                patch: &Self::Fields,
            ) -> #result<(), #error> {
                let _ = (base, patch);
                #(#check?;)*
                #result::Ok(())
            }

            fn merge_fields(value: &mut Self, patch: Self::Fields) -> #result<bool, #error> {
                let _ = (&value, &patch);
                let changed = false;
                #(let changed = changed | #merge;)*
                #result::Ok(changed)
            }

            fn diff_fields(value: &Self, later: &Self) -> Self::Fields {
                let _ = (value, later);
                #patch { #(#diff,)* #markers }
            }

            fn whole(value: &Self) -> Self::Fields {
                let _ = value;
                #patch { #(#whole,)* #markers }
            }
        }
    }
}

/// The type of a field, and its kind.
fn types(record: &Record, field: &Field) -> TokenStream {
    let (ty, kind) = (&field.ty, bounds::kind(&record.krate, &field.ty));
    quote!(#ty, #kind)
}

/// The slot of a field, without what its list would not keep.
fn slot(record: &Record, field: &Field) -> TokenStream {
    let (krate, ident, ty) = (&record.krate, &field.ident, &field.ty);
    match field.max() {
        Some(max) => {
            let max = number(max);
            quote!(#krate::__private::record::trim_slot::<#ty>(patch.#ident, #max))
        }
        None => quote!(patch.#ident),
    }
}

/// The most elements of a list. Its type is said here, so that wherever it is wrong, rustc says the
/// same, and says it once.
fn number(max: &Expr) -> TokenStream {
    quote!({
        let __max: usize = #max;
        __max
    })
}

fn build(record: &Record, field: &Field) -> TokenStream {
    let (krate, ident, name) = (&record.krate, &field.ident, &field.name);
    if field.attrs.skip.is_some() {
        let default = &field.default;
        return quote!(#ident: #default);
    }
    let (types, slot) = (types(record, field), slot(record, field));
    match &field.default {
        Some(default) => quote! {
            #ident: #krate::__private::record::build_or::<#types>(#name, #slot, || #default)?
        },
        None => quote!(#ident: #krate::__private::record::build::<#types>(#name, #slot)?),
    }
}

fn check(record: &Record, field: &Field) -> TokenStream {
    let (krate, ident, name) = (&record.krate, &field.ident, &field.name);
    let types = types(record, field);
    let function = match field.default {
        Some(_) => quote!(check_or),
        None => quote!(check),
    };
    quote! {
        #krate::__private::record::#function::<#types>(
            #name,
            ::core::option::Option::map(base, |base| &base.#ident),
            &patch.#ident,
        )
    }
}

fn merge(record: &Record, field: &Field) -> TokenStream {
    let (krate, ident, name) = (&record.krate, &field.ident, &field.name);
    let (types, slot) = (types(record, field), slot(record, field));
    let merged = match &field.default {
        Some(default) => quote! {
            #krate::__private::record::merge_or::<#types>(
                #name, &mut value.#ident, #slot, || #default,
            )?
        },
        None => quote! {
            #krate::__private::record::merge::<#types>(#name, &mut value.#ident, #slot)?
        },
    };
    match field.max() {
        Some(max) => {
            let (ty, max) = (&field.ty, number(max));
            quote! {{
                let merged = #merged;
                #krate::__private::record::trim::<#ty>(&mut value.#ident, #max);
                merged
            }}
        }
        None => merged,
    }
}
