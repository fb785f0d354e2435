//! Where clauses, which contain the bounds on type parameters.
//!
//! Types without parameters are checked in [`super::field`].

use super::field;
use crate::tree::{FieldType, Leaf, Record};
use proc_macro2::{Span, TokenStream};
use quote::{quote, ToTokens};
use syn::{parse_quote, Generics, Ident};

/// Returns the struct's generics with the bounds of its patch.
pub(super) fn patch(record: &Record) -> Generics {
    let fields = record.wired().map(|field| {
        let bound = match field.max() {
            Some(_) => quote!(Appendable),
            None => field::bound(&record.krate, &field.ty),
        };
        (&field.ty, bound)
    });
    let generics = of_types(&record.generics, fields, &record.krate);
    // A field that contains the struct has no bound of its own, but the struct must be a value.
    let recursive = record
        .wired()
        .any(|field| field.ty.generic && field.ty.recursive);
    if recursive {
        value(generics, record)
    } else {
        generics
    }
}

/// Returns the generics `own` of an item, with the bound of each field type.
///
/// A field that mentions its own struct gets no bound, because the bounds would be circular.
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

/// Adds `'static` to the bounds of type parameters.
fn owned(generics: &Generics) -> Generics {
    let mut generics = generics.clone();
    for param in generics.type_params_mut() {
        param.bounds.push(parse_quote!('static));
    }
    generics
}

/// Adds the bound that the item is a value.
///
/// Without parameters, the bound uses a constant at the item's name. If the constant is an error, the compiler treats
/// the bound and everything that depends on it as errors too, and does not report them.
pub(super) fn value(generics: Generics, item: &impl Item) -> Generics {
    checked(generics, item, "Value")
}

/// Returns the struct's generics with the bound that it can be a row.
pub(super) fn row(record: &Record) -> Generics {
    checked(patch(record), record, "Record")
}

fn checked(mut generics: Generics, item: &impl Item, bound: &str) -> Generics {
    let (ident, own, krate) = item.parts();
    let private = quote!(#krate::__private);
    let (_, arguments, _) = own.split_for_impl();
    let bound = if own.params.is_empty() {
        let check = Ident::new(item.check(), Span::call_site());
        quote!(#private::Checked<{ <#ident as #private::#check>::CHECKED }>)
    } else {
        let bound = Ident::new(bound, Span::call_site());
        quote!(#private::#bound)
    };
    let clause = generics.make_where_clause();
    clause
        .predicates
        .push(parse_quote!(#ident #arguments: #bound));
    generics
}

/// The item for which code is generated.
pub(super) trait Item {
    /// Returns the item's name, its generics, and the path to the SDK.
    fn parts(&self) -> (&Ident, &Generics, &TokenStream);

    /// Returns the trait whose constant checks the item's bounds.
    fn check(&self) -> &'static str;
}

impl Item for Record {
    fn parts(&self) -> (&Ident, &Generics, &TokenStream) {
        (&self.ident, &self.generics, &self.krate)
    }

    fn check(&self) -> &'static str {
        if self.entity {
            "CheckedEntity"
        } else {
            "CheckedPart"
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

/// Adds a lifetime to `generics`, for use after `impl`.
pub(super) fn with_lifetime(generics: &Generics, lifetime: TokenStream) -> TokenStream {
    let mut generics = generics.clone();
    generics.params.insert(0, parse_quote!(#lifetime));
    generics.split_for_impl().0.to_token_stream()
}
