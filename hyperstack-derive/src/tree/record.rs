//! A struct with named fields: an entity, a section, or the content of a leaf.

use super::FieldType;
use crate::attr::container::ContainerAttrs;
use crate::attr::field::{FieldAttrs, FieldDefault};
use crate::attr::{allows, docs, misplaced, Entry, Set};
use crate::check;
use crate::errors::Errors;
use crate::sdk::private;
use proc_macro2::{Span, TokenStream};
use quote::{quote, ToTokens};
use syn::ext::IdentExt;
use syn::parse::{ParseStream, Parser};
use syn::punctuated::Punctuated;
use syn::{
    Data, DeriveInput, Expr, Fields, FieldsNamed, Generics, Ident, LitStr, Token, Type, Visibility,
};

/// A struct with named fields.
pub(crate) struct Record {
    pub(crate) ident: Ident,
    pub(crate) vis: Visibility,
    pub(crate) generics: Generics,
    /// The item's `allow` attributes.
    pub(crate) allows: TokenStream,
    /// The path to the SDK.
    pub(crate) krate: TokenStream,
    /// Whether it is an entity.
    pub(crate) entity: bool,
    /// The name on the wire.
    pub(crate) name: String,
    /// The path to an entity's key.
    pub(crate) key: Option<KeyPath>,
    pub(crate) fields: Vec<Field>,
}

/// The path to an entity's key.
pub(crate) struct KeyPath {
    /// The tokens of the path.
    pub(crate) at: TokenStream,
    /// The Rust names of the fields, at least one.
    pub(crate) fields: Vec<Ident>,
    /// The key's type. `None` means text.
    pub(crate) ty: Option<Type>,
}

/// A field of a [`Record`].
pub(crate) struct Field {
    pub(crate) ident: Ident,
    pub(crate) vis: Visibility,
    pub(crate) docs: TokenStream,
    /// The field's `allow` attributes.
    pub(crate) allows: TokenStream,
    pub(crate) ty: FieldType,
    /// The name on the wire.
    pub(crate) name: String,
    /// The tokens that set the name.
    pub(crate) name_at: TokenStream,
    pub(crate) aliases: Vec<LitStr>,
    /// The expression of the default.
    pub(crate) default: Option<TokenStream>,
    /// The field's attributes.
    pub(crate) attrs: FieldAttrs,
}

impl Record {
    /// Parses a struct that derives `Entity`.
    pub(crate) fn entity(input: DeriveInput, errors: &mut Errors) -> Option<Self> {
        let keys = ["name", "key", "rename_all", "crate"];
        let attrs = ContainerAttrs::parse(&input, "entity", &keys, errors);
        Self::derived(input, attrs, "an entity", errors)
    }

    /// Parses a struct that derives `Section`.
    pub(crate) fn section(input: DeriveInput, errors: &mut Errors) -> Option<Self> {
        let attrs = ContainerAttrs::parse(&input, "section", &["rename_all", "crate"], errors);
        Self::derived(input, attrs, "a section", errors)
    }

    fn derived(
        input: DeriveInput,
        attrs: ContainerAttrs,
        what: &str,
        errors: &mut Errors,
    ) -> Option<Self> {
        check::owned(&input.generics, errors)?;
        match &input.data {
            Data::Struct(data) => match &data.fields {
                Fields::Named(fields) => {
                    let fields = fields.clone();
                    return Some(Self::new(input, fields, attrs, errors));
                }
                _ => errors.at(
                    &input.ident,
                    format!("{what} must have named fields: name them, or derive `Leaf` instead"),
                ),
            },
            Data::Enum(_) => errors.at(
                &input.ident,
                format!("{what} must be a struct with named fields: derive `Leaf` for an enum"),
            ),
            Data::Union(_) => errors.at(
                &input.ident,
                format!("{what} must be a struct with named fields, not a union"),
            ),
        }
        None
    }

    /// Builds a record from its parts, and checks it.
    pub(crate) fn new(
        input: DeriveInput,
        fields: FieldsNamed,
        attrs: ContainerAttrs,
        errors: &mut Errors,
    ) -> Self {
        let fields = fields.named.into_iter();
        let fields = fields.filter_map(|field| Field::parse(field, &input, &attrs, errors));
        let fields = fields.collect();
        let name = match &attrs.name {
            Some(name) => name.value.value(),
            None => input.ident.unraw().to_string(),
        };
        let record = Self {
            ident: input.ident,
            vis: input.vis,
            generics: input.generics,
            allows: allows(&input.attrs),
            krate: attrs.krate,
            entity: attrs.place == "entity",
            name,
            key: attrs.key,
            fields,
        };
        check::record(&record, attrs.name.as_ref(), errors);
        record
    }

    /// The fields that are on the wire.
    pub(crate) fn wired(&self) -> impl Iterator<Item = &Field> {
        self.fields.iter().filter(|field| field.is_wired())
    }
}

impl KeyPath {
    /// Whether `field` is the path's first field.
    pub(crate) fn starts_at(&self, field: &Field) -> bool {
        self.first()
            .is_some_and(|first| field.ident.unraw() == first.unraw())
    }

    pub(crate) fn first(&self) -> Option<&Ident> {
        self.fields.first()
    }

    /// Parses `key(id.round_id: u64)` or `key = "id.mint"`.
    pub(crate) fn parse(entry: &Entry, errors: &mut Errors) -> Option<Self> {
        if let Some(tokens) = entry.tokens() {
            let typed = Self::typed.parse2(tokens.clone());
            return typed.map_err(|error| errors.push(error)).ok();
        }
        if !entry.is_string() {
            let right = "`key` requires a path and its type, or text: `key(id.round_id: u64)`, `key = \"id.mint\"`";
            errors.at(entry, right);
            return None;
        }
        let literal = entry.string(errors)?.value;
        let names = literal.value();
        let fields: Option<Vec<Ident>> =
            names.split('.').map(|name| ident(name, &literal)).collect();
        let Some(fields) = fields else {
            let right = "invalid key: expected field names joined by dots, such as `id.mint`";
            errors.at(&literal, right);
            return None;
        };
        Some(Self {
            at: literal.to_token_stream(),
            fields,
            ty: None,
        })
    }

    /// Parses `id.round_id: u64`.
    fn typed(input: ParseStream<'_>) -> syn::Result<Self> {
        let path =
            Punctuated::<Ident, Token![.]>::parse_separated_nonempty_with(input, Ident::parse_any);
        let invalid = |error: syn::Error| {
            let right = "invalid key: expected field names joined by dots and a type, such as `id.round_id: u64`";
            syn::Error::new(error.span(), right)
        };
        let path = path.map_err(invalid)?;
        if input.is_empty() {
            let path = path.to_token_stream();
            let text = path.to_string().replace(' ', "");
            let right = format!(
                "the key's type is missing: `key({text}: u64)`, or `key = \"{text}\"` for text"
            );
            return Err(syn::Error::new_spanned(path, right));
        }
        input.parse::<Token![:]>().map_err(invalid)?;
        Ok(Self {
            at: path.to_token_stream(),
            fields: path.into_iter().map(raw).collect(),
            ty: Some(input.parse().map_err(invalid)?),
        })
    }
}

/// The field name in a path that is text. A keyword means the raw identifier.
fn ident(name: &str, at: &LitStr) -> Option<Ident> {
    let mut ident: Ident = Ident::parse_any.parse_str(name).ok()?;
    // With the span of a macro, the compiler does not suggest to replace the whole text by a similar name.
    ident.set_span(Span::mixed_site().located_at(at.span()));
    Some(raw(ident))
}

/// Makes a keyword a raw identifier.
fn raw(ident: Ident) -> Ident {
    let name = ident.to_string();
    // `gen` is a keyword only since the 2024 edition.
    if name == "gen" || syn::parse_str::<Ident>(&name).is_err() {
        Ident::new_raw(&name, ident.span())
    } else {
        ident
    }
}

impl Field {
    fn parse(
        field: syn::Field,
        input: &DeriveInput,
        container: &ContainerAttrs,
        errors: &mut Errors,
    ) -> Option<Self> {
        let ident = field.ident?;
        let advice = "on a field, write `#[field(..)]`";
        misplaced(&field.attrs, container.place, advice, errors);
        misplaced(&field.attrs, "hyperstack", advice, errors);
        let attrs = FieldAttrs::parse(&field.attrs, errors);
        let plain = ident.unraw().to_string();
        let (name, name_at) = match (&attrs.rename, container.rename_all) {
            (Some(Set { value, .. }), _) => (value.value(), value.to_token_stream()),
            (None, Some(case)) => (case.field(&plain), ident.to_token_stream()),
            (None, None) => (plain, ident.to_token_stream()),
        };
        let ty = FieldType::new(&field.ty, attrs.serde.is_some(), input);
        let krate = &container.krate;
        let private = private(krate);
        let of_type = quote!(<#ty as #private::KnownDefault>::known_default());
        let default = match (&attrs.default, &container.default, &attrs.skip) {
            (Some(set), _, _) => Some(match &set.value {
                FieldDefault::Type => of_type,
                FieldDefault::Expr(expr) => expr.clone(),
            }),
            (None, Some(whole), _) => Some(quote!({ #whole }.#ident)),
            (None, None, Some(_)) => Some(of_type),
            (None, None, None) => None,
        };
        Some(Self {
            ty,
            docs: docs(&field.attrs, &input.ident),
            allows: allows(&field.attrs),
            vis: field.vis,
            aliases: attrs.aliases.iter().map(|set| set.value.clone()).collect(),
            ident,
            name,
            name_at,
            default,
            attrs,
        })
    }

    /// Whether it is on the wire.
    pub(crate) fn is_wired(&self) -> bool {
        self.attrs.skip.is_none()
    }

    /// The expression `N` of `append(max = N)`, unless `serde` makes `append` invalid.
    pub(crate) fn max(&self) -> Option<&Expr> {
        let append = self.attrs.append.as_ref();
        append
            .filter(|_| self.ty.foreign.is_none())
            .map(|set| &set.value)
    }
}
