//! Attributes: read key by key, each key with its own span.

pub(crate) mod container;
pub(crate) mod field;
mod serde;
pub(crate) mod variant;
pub(crate) mod view;

use crate::errors::Errors;
use crate::suggest;
use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::punctuated::Punctuated;
use syn::{Attribute, Expr, ExprLit, Lit, LitStr, Meta, Token};

/// One `key`, `key = value` or `key(..)` of an attribute.
pub(crate) struct Entry(Meta);

/// A value, and the key that set it.
#[derive(Clone)]
pub(crate) struct Set<T> {
    /// Where to report what is wrong with the combination of this key and others.
    pub(crate) key: TokenStream,
    pub(crate) value: T,
}

impl Entry {
    /// The key as text.
    pub(crate) fn key(&self) -> String {
        self.0.path().to_token_stream().to_string()
    }

    /// A value, remembered with this key.
    pub(crate) fn set<T>(&self, value: T) -> Set<T> {
        let key = self.0.path().to_token_stream();
        Set { key, value }
    }

    /// The value, if there is one: `key = value`.
    pub(crate) fn value(&self) -> Option<&Expr> {
        match &self.0 {
            Meta::NameValue(pair) => Some(&pair.value),
            _ => None,
        }
    }

    /// The value of `key = "text"`.
    pub(crate) fn string(&self, errors: &mut Errors) -> Option<Set<LitStr>> {
        if let Some(Expr::Lit(ExprLit {
            lit: Lit::Str(text),
            ..
        })) = self.value()
        {
            return Some(self.set(text.clone()));
        }
        let key = self.key();
        errors.at(&self.0, format!("`{key}` needs a string: `{key} = \"..\"`"));
        None
    }

    /// A key without value.
    pub(crate) fn flag(&self, errors: &mut Errors) -> Option<Set<()>> {
        if !matches!(self.0, Meta::Path(_)) {
            let key = self.key();
            errors.at(&self.0, format!("`{key}` takes no value: write `{key}`"));
            return None;
        }
        Some(self.set(()))
    }

    /// The keys inside of `key(..)`.
    pub(crate) fn list(&self, errors: &mut Errors) -> Option<Vec<Entry>> {
        match &self.0 {
            Meta::List(list) => match list.parse_args_with(Comma::parse_terminated) {
                Ok(entries) => Some(entries.into_iter().map(Entry).collect()),
                Err(error) => {
                    errors.push(error);
                    None
                }
            },
            _ => None,
        }
    }

    /// Reports a key that `place` does not know.
    pub(crate) fn unknown(&self, place: &str, known: &[&str], errors: &mut Errors) {
        let key = self.key();
        let instead = suggest::instead_of(&key, known);
        errors.at(
            self.0.path(),
            format!("unknown key `{key}` in `#[{place}(..)]`: {instead}"),
        );
    }
}

impl ToTokens for Entry {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        self.0.to_tokens(tokens);
    }
}

type Comma = Punctuated<Meta, Token![,]>;

/// The entries of all attributes `#[place(..)]`; a key outside of `repeatable` that comes twice is
/// a mistake.
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
            Err(error) => errors.push(error),
        }
    }
    for (i, entry) in entries.iter().enumerate() {
        let key = entry.key();
        let twice = entries[..i].iter().any(|earlier| earlier.key() == key);
        if twice && !repeatable.contains(&key.as_str()) {
            errors.at(entry, format!("`{key}` is given twice: keep one of them"));
        }
    }
    entries
}

/// Reports the attributes `#[place(..)]`, which are not for here: `advice` says what is.
pub(crate) fn misplaced(attrs: &[Attribute], place: &str, advice: &str, errors: &mut Errors) {
    for attr in attrs.iter().filter(|attr| attr.path().is_ident(place)) {
        errors.at(
            attr,
            format!("`#[{place}(..)]` does nothing here: {advice}"),
        );
    }
}

/// The documentation among these attributes.
pub(crate) fn docs(attrs: &[Attribute]) -> Vec<&Attribute> {
    let docs = attrs.iter().filter(|attr| attr.path().is_ident("doc"));
    docs.collect()
}
