//! Where clauses: what must be known of the types that a parameter stands for.
//!
//! Of any other type nothing is said here: that is the business of [`super::field`].

use super::field;
use crate::tree::{FieldType, Leaf, Record};
use proc_macro2::{Span, TokenStream};
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
    let generics = of_types(&record.generics, fields, &record.krate);
    // A field that holds the struct has no bound of its own, but holds a value.
    let recursive = record
        .wired()
        .any(|field| field.ty.generic && field.ty.recursive);
    match recursive {
        true => value(generics, record),
        false => generics,
    }
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

/// `generics`, for what asks that the item be a value.
///
/// Without parameters that is told by a constant, at the item's name. Where it is an error, the compiler
/// takes the clause and all that rests on it for erroneous too, in silence.
pub(super) fn value(generics: Generics, item: &impl Item) -> Generics {
    checked(generics, item, "Value")
}

/// The struct's generics, for what asks that it be all that a row is.
pub(super) fn row(record: &Record) -> Generics {
    checked(patch(record), record, "Record")
}

fn checked(mut generics: Generics, item: &impl Item, bound: &str) -> Generics {
    let (ident, own, krate) = item.parts();
    let private = quote!(#krate::__private);
    let (_, arguments, _) = own.split_for_impl();
    let bound = match own.params.is_empty() {
        true => {
            let check = Ident::new(item.check(), Span::call_site());
            quote!(#private::Checked<{ <#ident as #private::#check>::CHECKED }>)
        }
        false => {
            let bound = Ident::new(bound, Span::call_site());
            quote!(#private::#bound)
        }
    };
    let clause = generics.make_where_clause();
    clause
        .predicates
        .push(parse_quote!(#ident #arguments: #bound));
    generics
}

/// What the code is written for.
pub(super) trait Item {
    /// Its name, its generics, and the path to the SDK.
    fn parts(&self) -> (&Ident, &Generics, &TokenStream);

    /// The trait whose constant says that it is what it is to be.
    fn check(&self) -> &'static str;
}

impl Item for Record {
    fn parts(&self) -> (&Ident, &Generics, &TokenStream) {
        (&self.ident, &self.generics, &self.krate)
    }

    fn check(&self) -> &'static str {
        match self.entity {
            true => "CheckedEntity",
            false => "CheckedPart",
        }
    }
}

impl Item for Leaf {
    fn parts(&self) -> (&Ident, &Generics, &TokenStream) {
        (&self.ident, &self.generics, &self.krate)
    }

    fn check(&self) -> &'static str {
        "CheckedPart"
    }
}

/// `generics` with one more lifetime, to write after `impl`.
pub(super) fn with_lifetime(generics: &Generics, lifetime: TokenStream) -> TokenStream {
    let mut generics = generics.clone();
    generics.params.insert(0, parse_quote!(#lifetime));
    generics.split_for_impl().0.to_token_stream()
}
