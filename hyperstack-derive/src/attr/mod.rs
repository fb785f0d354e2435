//! Attributes: read key by key, each key with its own span.

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

    /// The value, if there is one: `key = value`. What a macro wrote for `$value` stands in a group.
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
        let text = match self.value() {
            Some(value @ (Expr::Path(_) | Expr::Lit(_))) => value.to_token_stream().to_string(),
            _ => "..".to_owned(),
        };
        errors.at(
            &self.0,
            format!("`{key}` needs a string: `{key} = \"{text}\"`"),
        );
        None
    }

    /// Whether it is a key without value.
    pub(crate) fn is_flag(&self) -> bool {
        matches!(self.0, Meta::Path(_))
    }

    /// A key without value.
    pub(crate) fn flag(&self, errors: &mut Errors) -> Option<Set<()>> {
        if !self.is_flag() {
            let key = self.key();
            errors.at(&self.0, format!("`{key}` takes no value: write `{key}`"));
            return None;
        }
        Some(self.set(()))
    }

    /// The keys inside of `key(..)`, if that is what this is.
    pub(crate) fn list(&self, errors: &mut Errors) -> Option<Vec<Entry>> {
        let list = self.0.require_list().ok()?;
        let entries = list.parse_args_with(Comma::parse_terminated).ok()?;
        let entries: Vec<Entry> = entries.into_iter().map(Entry).collect();
        once(&entries, &[], errors);
        Some(entries)
    }

    /// Reports a key that the attribute `place` does not know.
    pub(crate) fn unknown(&self, place: &str, known: &[&str], errors: &mut Errors) {
        self.unknown_in(&format!("#[{place}(..)]"), known, errors);
    }

    /// Reports a key that is unknown in a place that is written `place`.
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
            Err(error) => errors.push(malformed(attr, place, error)),
        }
    }
    once(&entries, repeatable, errors);
    entries
}

/// What the parser says, and what it would have understood.
fn malformed(attr: &Attribute, place: &str, error: syn::Error) -> syn::Error {
    match attr.meta {
        Meta::List(_) => {
            let right = format!("`#[{place}(..)]` takes `key`, `key = value` and `key(..)`");
            syn::Error::new(error.span(), format!("{error}: {right}"))
        }
        _ => error,
    }
}

/// `rename = "a", rename = "b"`
fn once(entries: &[Entry], repeatable: &[&str], errors: &mut Errors) {
    for (i, entry) in entries.iter().enumerate() {
        let key = entry.key();
        let twice = entries[..i].iter().any(|earlier| earlier.key() == key);
        if twice && !repeatable.contains(&key.as_str()) {
            errors.at(entry, format!("`{key}` is given twice: keep one of them"));
        }
    }
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

/// The documentation among these attributes, for another item than `Self`.
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
            // A link to what only the struct has.
            let text = text.value().replace("Self::", &format!("{this}::"));
            quote!(#[doc = #text])
        }
        _ => quote!(#attr),
    });
    docs.collect()
}

/// What is allowed by these attributes: it is of what is made of the item, too.
pub(crate) fn allows(attrs: &[Attribute]) -> TokenStream {
    let lists = attrs.iter().filter_map(|attr| match &attr.meta {
        Meta::List(list) if ["allow", "expect"].iter().any(|is| list.path.is_ident(is)) => {
            Some(&list.tokens)
        }
        _ => None,
    });
    quote!(#(#[allow(#lists)])*)
}
