//! Where clauses, which contain the bounds on type parameters.
//!
//! Types without parameters are checked in [`super::field`].

use super::field;
use crate::sdk::private;
use crate::tree::{FieldType, Leaf, Record};
use proc_macro2::{Span, TokenStream};
use quote::{quote, ToTokens};
use syn::{parse_quote, Generics, Ident, WherePredicate};

/// Returns the struct's generics with the bounds of its patch.
pub(super) fn patch(record: &Record) -> Generics {
    let fields = record.wired().map(|field| {
        let (krate, ty) = (&record.krate, &field.ty);
        let private = private(krate);
        let bound = match field.max() {
            Some(_) => quote!(#ty: #private::Appendable),
            None => field::predicate(krate, ty),
        };
        (ty, bound)
    });
    let generics = of_types(&record.generics, fields);
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
) -> Generics {
    let mut generics = owned(own);
    let mut seen = Vec::new();
    for (_, predicate) in types.filter(|(ty, _)| ty.generic && !ty.recursive) {
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

/// Returns the struct's generics with the bounds of its patch, and the bound that the struct is a value.
pub(super) fn mergeable(record: &Record) -> Generics {
    value(patch(record), record)
}

/// Adds the bound that the item is a value, if it has parameters. [`check`] handles an item without.
pub(super) fn value(generics: Generics, item: &impl Item) -> Generics {
    let value = quote!(::core::clone::Clone + ::core::fmt::Debug + ::core::cmp::PartialEq);
    bounded(generics, item, &value)
}

/// Returns the struct's generics with the bounds of its patch, and the bound that the struct is a row.
pub(super) fn row(record: &Record) -> Generics {
    let krate = &record.krate;
    bounded(patch(record), record, &quote!(#krate::patch::Record))
}

fn bounded(mut generics: Generics, item: &impl Item, bound: &TokenStream) -> Generics {
    let (ident, own, _) = item.parts();
    let (_, arguments, _) = own.split_for_impl();
    if !own.params.is_empty() {
        let clause = generics.make_where_clause();
        clause
            .predicates
            .push(parse_quote!(#ident #arguments: #bound));
    }
    generics
}

/// Returns the bound that an item without parameters passes its check.
///
/// The bound uses a constant at the item's name. If the constant is an error, the compiler treats the bound and
/// everything that depends on it as errors too, and does not report them.
pub(super) fn check(item: &impl Item) -> Option<WherePredicate> {
    let (ident, own, krate) = item.parts();
    let private = private(krate);
    let check = Ident::new(item.check(), Span::call_site());
    own.params
        .is_empty()
        .then(|| parse_quote!(#ident: #private::Checked<{ <#ident as #private::#check>::CHECKED }>))
}

/// Adds a bound.
pub(super) fn with(mut generics: Generics, bound: Option<WherePredicate>) -> Generics {
    if let Some(bound) = bound {
        generics.make_where_clause().predicates.push(bound);
    }
    generics
}

/// Generates `impl head { body }` with a bound that rustdoc does not see, because only the compiler's checks need it.
pub(super) fn documented(
    generics: &Generics,
    hidden: Option<WherePredicate>,
    head: &TokenStream,
    body: &TokenStream,
) -> TokenStream {
    let block = |cfg, generics: &Generics| {
        let (params, _, clause) = generics.split_for_impl();
        quote! {
            #cfg
            #[automatically_derived]
            impl #params #head #clause {
                #body
            }
        }
    };
    if hidden.is_none() {
        return block(None, generics);
    }
    let compiled = with(generics.clone(), hidden);
    let compiled = block(Some(quote!(#[cfg(not(doc))])), &compiled);
    let shown = block(Some(quote!(#[cfg(doc)])), generics);
    quote!(#compiled #shown)
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
