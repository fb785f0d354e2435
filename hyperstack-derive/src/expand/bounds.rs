//! Where clauses: each field's type is a field.
//!
//! The bounds mention a lifetime, so that one that is false makes its impl unusable and is no error
//! by itself; [`super::known`] reports it, once.

use crate::tree::{Field, FieldType, Record};
use proc_macro2::TokenStream;
use quote::{quote, ToTokens};
use syn::{parse_quote, Generics, Ident};

/// The kind of a field: what follows the lifetime in `Field<'x, ..>`.
pub(super) fn kind(krate: &TokenStream, ty: &FieldType) -> TokenStream {
    match ty.foreign {
        None => quote!(#krate::__private::Native),
        Some(options) => (0..options).fold(
            quote!(#krate::__private::Foreign),
            |kind, _| quote!(#krate::__private::ForeignOption<#kind>),
        ),
    }
}

/// What a field's type must be.
fn bound(krate: &TokenStream, field: &Field) -> TokenStream {
    match field.max() {
        Some(_) => quote!(for<'__x> #krate::__private::Appendable<'__x>),
        None => plain(krate, &field.ty),
    }
}

/// What a type must be to be a field.
fn plain(krate: &TokenStream, ty: &FieldType) -> TokenStream {
    let kind = kind(krate, ty);
    match ty.foreign {
        None => quote!(for<'__x> #krate::__private::Field<'__x>),
        Some(_) => quote!(for<'__x> #krate::__private::Field<'__x, #kind>),
    }
}

/// The struct's generics, for its patch.
///
/// A field that mentions its own struct would make the bounds go round in a circle: it has none.
pub(super) fn patch(record: &Record) -> Generics {
    let mut generics = owned(&record.generics);
    let mut seen = Vec::new();
    for field in record.wired().filter(|field| !field.ty.recursive) {
        let (ty, bound) = (&field.ty, bound(&record.krate, field));
        let predicate = quote!(#ty: #bound);
        let text = predicate.to_string();
        if !seen.contains(&text) {
            seen.push(text);
            let clause = generics.make_where_clause();
            clause.predicates.push(parse_quote!(#predicate));
        }
    }
    generics
}

/// The generics `own` of an item whose fields are of these types.
pub(super) fn of_types(own: &Generics, types: &[&FieldType], krate: &TokenStream) -> Generics {
    let mut generics = owned(own);
    for ty in types.iter().filter(|ty| !ty.recursive) {
        let bound = plain(krate, ty);
        let clause = generics.make_where_clause();
        clause.predicates.push(parse_quote!(#ty: #bound));
    }
    generics
}

/// The same generics, for parameters that own their data.
pub(super) fn owned(generics: &Generics) -> Generics {
    let mut generics = generics.clone();
    for param in generics.type_params_mut() {
        param.bounds.push(parse_quote!('static));
    }
    generics
}

/// The struct's generics, for itself: it must be what a part of an entity is.
pub(super) fn value(record: &Record) -> Generics {
    whole(
        patch(record),
        &record.generics,
        &record.ident,
        &record.krate,
    )
}

/// Adds to `generics` that the item, which has the generics `own`, can be part of an entity.
pub(super) fn whole(
    mut generics: Generics,
    own: &Generics,
    ident: &Ident,
    krate: &TokenStream,
) -> Generics {
    let (_, arguments, _) = own.split_for_impl();
    let predicate = quote!(#ident #arguments: for<'__x> #krate::__private::Part<'__x>);
    let clause = generics.make_where_clause();
    clause.predicates.push(parse_quote!(#predicate));
    generics
}

/// `generics` with one more lifetime, to write after `impl`.
pub(super) fn with_lifetime(generics: &Generics, lifetime: TokenStream) -> TokenStream {
    let mut generics = generics.clone();
    generics.params.insert(0, parse_quote!(#lifetime));
    generics.split_for_impl().0.to_token_stream()
}
