//! Where clauses: what must be known of the types that a parameter stands for.
//!
//! Of any other type nothing is said here: that is the business of [`super::field`].

use super::field;
use crate::tree::{FieldType, Record};
use proc_macro2::TokenStream;
use quote::{quote, ToTokens};
use syn::{parse_quote, Generics, Ident};

/// The struct's generics, for its patch.
pub(super) fn patch(record: &Record) -> Generics {
    let fields = record.wired().map(|field| {
        let bound = match field.max() {
            Some(_) => quote!(Appendable),
            None => field::bound(&record.krate, &field.ty),
        };
        (&field.ty, bound)
    });
    of_types(&record.generics, fields, &record.krate)
}

/// The generics `own` of an item, whose fields are of these types, each with its bound.
///
/// A field that mentions its own struct would make the bounds go round in a circle: it has none.
pub(super) fn of_types<'a>(
    own: &Generics,
    types: impl Iterator<Item = (&'a FieldType, TokenStream)>,
    krate: &TokenStream,
) -> Generics {
    let mut generics = owned(own);
    let mut seen = Vec::new();
    for (ty, bound) in types.filter(|(ty, _)| ty.generic && !ty.recursive) {
        let predicate = quote!(#ty: #krate::__private::#bound);
        let text = predicate.to_string();
        if !seen.contains(&text) {
            seen.push(text);
            let clause = generics.make_where_clause();
            clause.predicates.push(parse_quote!(#predicate));
        }
    }
    generics
}

/// The same generics, for parameters that own their data.
fn owned(generics: &Generics) -> Generics {
    let mut generics = generics.clone();
    for param in generics.type_params_mut() {
        param.bounds.push(parse_quote!('static));
    }
    generics
}

/// `generics`, for what asks that the item, which has the generics `own`, be a value.
///
/// The bound mentions a lifetime, so that it may be false: then it makes the impl unusable, and is no
/// error by itself. What the item lacks [`super::checked`] reports.
pub(super) fn value(
    generics: Generics,
    own: &Generics,
    ident: &Ident,
    krate: &TokenStream,
) -> Generics {
    with_own(
        generics,
        own,
        ident,
        quote!(#krate::__private::Valued<'__x>),
    )
}

/// The struct's generics, for what asks that it be all that a row is.
pub(super) fn row(record: &Record) -> Generics {
    let krate = &record.krate;
    let recorded = quote!(#krate::__private::Recorded<'__x>);
    with_own(patch(record), &record.generics, &record.ident, recorded)
}

fn with_own(mut generics: Generics, own: &Generics, ident: &Ident, bound: TokenStream) -> Generics {
    let (_, arguments, _) = own.split_for_impl();
    let predicate = quote!(#ident #arguments: for<'__x> #bound);
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
