//! Attributes, parsed key by key, each with its own span.

pub(crate) mod container;
pub(crate) mod field;
mod serde;
pub(crate) mod stack;
pub(crate) mod variant;
pub(crate) mod view;

use crate::errors::Errors;
use crate::suggest;
use proc_macro2::TokenStream;
use quote::{quote, ToTokens};
use syn::punctuated::Punctuated;
use syn::{Attribute, Expr, ExprLit, Ident, Lit, LitStr, Meta, MetaNameValue, Token};

/// One `key`, `key = value` or `key(..)` of an attribute.
pub(crate) struct Entry(Meta);

/// A value, and the key that set it.
pub(crate) struct Set<T> {
    /// The tokens at which to report that this key conflicts with another one.
    pub(crate) key: TokenStream,
    pub(crate) value: T,
}

impl Entry {
    /// Returns the key as text.
    pub(crate) fn key(&self) -> String {
        self.0.path().to_token_stream().to_string()
    }

    /// Combines a value with this key.
    pub(crate) fn set<T>(&self, value: T) -> Set<T> {
        let key = self.0.path().to_token_stream();
        Set { key, value }
    }

    /// Returns the value of `key = value`, if there is one. A macro's `$value` is in a group.
    pub(crate) fn value(&self) -> Option<&Expr> {
        let Meta::NameValue(pair) = &self.0 else {
            return None;
        };
        let mut value = &pair.value;
        while let Expr::Group(group) = value {
            value = &group.expr;
        }
        Some(value)
    }

    /// Returns the value of `key = "text"`.
    pub(crate) fn string(&self, errors: &mut Errors) -> Option<Set<LitStr>> {
        if let Some(Expr::Lit(ExprLit {
            lit: Lit::Str(text),
            ..
        })) = self.value()
        {
            return Some(self.set(text.clone()));
        }
        let key = self.key();
        let text = match self.value() {
            Some(value @ (Expr::Path(_) | Expr::Lit(_))) => value.to_token_stream().to_string(),
            _ => "..".to_owned(),
        };
        errors.at(
            &self.0,
            format!("`{key}` requires a string: `{key} = \"{text}\"`"),
        );
        None
    }

    /// Returns the tokens of `key(..)`, if this has that form.
    pub(crate) fn tokens(&self) -> Option<&TokenStream> {
        match &self.0 {
            Meta::List(list) => Some(&list.tokens),
            _ => None,
        }
    }

    /// Whether the value is text.
    pub(crate) fn is_string(&self) -> bool {
        let value = self.value();
        matches!(
            value,
            Some(Expr::Lit(ExprLit {
                lit: Lit::Str(_),
                ..
            }))
        )
    }

    /// Whether this is a key without a value.
    pub(crate) fn is_flag(&self) -> bool {
        matches!(self.0, Meta::Path(_))
    }

    /// Parses a key without a value.
    pub(crate) fn flag(&self, errors: &mut Errors) -> Option<Set<()>> {
        if !self.is_flag() {
            let key = self.key();
            errors.at(&self.0, format!("`{key}` takes no value: write `{key}`"));
            return None;
        }
        Some(self.set(()))
    }

    /// Returns the entries of `key(..)`, or `None` if this has another form.
    pub(crate) fn list(&self, errors: &mut Errors) -> Option<Vec<Entry>> {
        let list = self.0.require_list().ok()?;
        let entries = list.parse_args_with(Comma::parse_terminated).ok()?;
        let entries: Vec<Entry> = entries.into_iter().map(Entry).collect();
        once(&entries, &[], errors);
        Some(entries)
    }

    /// Reports a key that the attribute `place` does not have.
    pub(crate) fn unknown(&self, place: &str, known: &[&str], errors: &mut Errors) {
        self.unknown_in(&format!("#[{place}(..)]"), known, errors);
    }

    /// Reports an unknown key in `place`.
    pub(crate) fn unknown_in(&self, place: &str, known: &[&str], errors: &mut Errors) {
        let key = self.key();
        let instead = suggest::instead_of(&key, known);
        errors.at(
            self.0.path(),
            format!("unknown key `{key}` in `{place}`: {instead}"),
        );
    }
}

impl ToTokens for Entry {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        self.0.to_tokens(tokens);
    }
}

type Comma = Punctuated<Meta, Token![,]>;

/// Returns the entries of all attributes `#[place(..)]`. Reports a repeated key that is not in `repeatable`.
pub(crate) fn entries(
    attrs: &[Attribute],
    place: &str,
    repeatable: &[&str],
    errors: &mut Errors,
) -> Vec<Entry> {
    let mut entries: Vec<Entry> = Vec::new();
    for attr in attrs.iter().filter(|attr| attr.path().is_ident(place)) {
        match attr.parse_args_with(Comma::parse_terminated) {
            Ok(metas) => entries.extend(metas.into_iter().map(Entry)),
            Err(error) => errors.push(malformed(attr, place, error)),
        }
    }
    once(&entries, repeatable, errors);
    entries
}

/// Adds the expected syntax to the parser's error.
fn malformed(attr: &Attribute, place: &str, error: syn::Error) -> syn::Error {
    match attr.meta {
        Meta::List(_) => {
            let expected = format!("`#[{place}(..)]` takes `key`, `key = value` and `key(..)`");
            syn::Error::new(error.span(), format!("{error}: {expected}"))
        }
        _ => error,
    }
}

/// Reports repeated keys: `rename = "a", rename = "b"`.
fn once(entries: &[Entry], repeatable: &[&str], errors: &mut Errors) {
    for (i, entry) in entries.iter().enumerate() {
        let key = entry.key();
        let twice = entries[..i].iter().any(|earlier| earlier.key() == key);
        if twice && !repeatable.contains(&key.as_str()) {
            errors.at(entry, format!("`{key}` is set twice: keep one of them"));
        }
    }
}

/// Reports all attributes `#[place(..)]` as misplaced. `advice` says what to do instead.
pub(crate) fn misplaced(attrs: &[Attribute], place: &str, advice: &str, errors: &mut Errors) {
    for attr in attrs.iter().filter(|attr| attr.path().is_ident(place)) {
        errors.at(
            attr,
            format!("`#[{place}(..)]` has no effect here: {advice}"),
        );
    }
}

/// Returns the doc attributes, changed for another item than `Self`.
pub(crate) fn docs(attrs: &[Attribute], this: &Ident) -> TokenStream {
    let docs = attrs.iter().filter(|attr| attr.path().is_ident("doc"));
    let docs = docs.map(|attr| match &attr.meta {
        Meta::NameValue(MetaNameValue {
            value:
                Expr::Lit(ExprLit {
                    lit: Lit::Str(text),
                    ..
                }),
            ..
        }) => {
            // Keep links to items of the struct.
            let text = text.value().replace("Self::", &format!("{this}::"));
            quote!(#[doc = #text])
        }
        _ => quote!(#attr),
    });
    docs.collect()
}

/// Returns the lints that the item allows, for the generated code.
pub(crate) fn allows(attrs: &[Attribute]) -> TokenStream {
    let lists = attrs.iter().filter_map(|attr| match &attr.meta {
        Meta::List(list) if ["allow", "expect"].iter().any(|is| list.path.is_ident(is)) => {
            Some(&list.tokens)
        }
        _ => None,
    });
    quote!(#(#[allow(#lists)])*)
}
