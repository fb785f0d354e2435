//! Rules that span attributes. Each has one function, whose doc comment shows code that it rejects.

use crate::attr::field::FieldAttrs;
use crate::attr::view::View;
use crate::attr::Set;
use crate::errors::Errors;
use crate::suggest;
use crate::tree::{Member, Other, Record, Variant};
use proc_macro2::TokenStream;
use quote::ToTokens;
use std::collections::HashSet;
use syn::ext::IdentExt;
use syn::{Data, DeriveInput, Expr, ExprLit, Fields, FieldsUnnamed, Generics, Lit, LitStr};

/// Checks all rules of a struct with named fields.
pub(crate) fn record(record: &Record, name: Option<&Set<LitStr>>, errors: &mut Errors) {
    entity_name(name, errors);
    key_starts_at_a_field(record, errors);
    names_differ(record, errors);
    skip_excludes_other_keys(record, errors);
    serde_excludes_append(record, errors);
    max_is_not_zero(record, errors);
    key_is_not_skipped(record, errors);
}

/// `struct Round<'a> { name: &'a str }`
pub(crate) fn owned(generics: &Generics, errors: &mut Errors) -> Option<()> {
    for lifetime in generics.lifetimes() {
        errors.at(
            lifetime,
            "lifetime parameters are not supported, because rows own their data",
        );
    }
    generics.lifetimes().next().is_none().then_some(())
}

/// `#[entity(name = "ore/Round")]`
fn entity_name(name: Option<&Set<LitStr>>, errors: &mut Errors) {
    let Some(Set { value, .. }) = name else {
        return;
    };
    if value.value().is_empty() || value.value().contains('/') {
        errors.at(
            value,
            "invalid entity name: expected a name without `/`, such as `OreRound`",
        );
    }
}

/// `#[entity(key(di.round_id: u64))] struct Round { id: RoundId }`
///
/// The compiler checks the rest of the path, because it knows the field's type.
fn key_starts_at_a_field(record: &Record, errors: &mut Errors) {
    let Some(key) = &record.key else { return };
    if record.fields.iter().any(|field| key.starts_at(field)) {
        return;
    }
    let known = record.fields.iter().map(|field| field.ident.to_string());
    let known: Vec<String> = known.collect();
    let known: Vec<&str> = known.iter().map(String::as_str).collect();
    let Some(first) = key.first() else { return };
    let (ident, first) = (&record.ident, first.to_string());
    let instead = suggest::instead_of(&first, &known);
    errors.at(
        &key.at,
        format!("`{ident}` has no field `{first}`: {instead}"),
    );
}

/// `#[entity(key(id: u64))] struct Round { #[field(skip)] id: u64 }`
fn key_is_not_skipped(record: &Record, errors: &mut Errors) {
    let Some(key) = &record.key else { return };
    let mut fields = record.fields.iter();
    let skipped = fields.find(|field| key.starts_at(field) && field.attrs.skip.is_some());
    if let Some(field) = skipped {
        let message = format!("key field `{}` is marked `skip`", field.ident);
        errors.at(&key.at, message);
    }
}

/// `#[derive(Leaf)] struct Bets { #[field(append(max = 5))] a: Vec<u64> }`
pub(crate) fn leaf_excludes_append(record: &Record, errors: &mut Errors) {
    for field in record.wired() {
        if let Some(append) = &field.attrs.append {
            errors.at(
                &append.key,
                "`append` is not allowed in a leaf, which is replaced as a whole",
            );
        }
    }
}

/// `a: u64, #[field(rename = "a")] b: u64`
fn names_differ(record: &Record, errors: &mut Errors) {
    let own = record
        .wired()
        .map(|field| (field.name.clone(), field.name_at.clone()));
    let aliases = record.wired().flat_map(|field| &field.aliases);
    let aliases = aliases.map(|alias| (alias.value(), alias.to_token_stream()));
    once("fields", own.chain(aliases), errors);
}

fn once(what: &str, names: impl Iterator<Item = (String, TokenStream)>, errors: &mut Errors) {
    let mut seen = HashSet::new();
    for (name, at) in names {
        if name.is_empty() {
            errors.at(at, "a name on the wire must not be empty");
        } else if !seen.insert(name.clone()) {
            errors.at(
                at,
                format!("two {what} have the wire name `{name}`: rename one of them"),
            );
        }
    }
}

/// `#[field(skip, append(max = 5))] a: Vec<u64>`
///
/// Keys of `#[serde]` are allowed, because serde may need them.
fn skip_excludes_other_keys(record: &Record, errors: &mut Errors) {
    let attrs = record.fields.iter().map(|field| &field.attrs);
    let keys = attrs
        .filter(|attrs| attrs.skip.is_some())
        .flat_map(|attrs| &attrs.own);
    for Set { key, value } in keys {
        if ["rename", "alias", "append", "serde"].contains(&value.as_str()) {
            errors.at(
                key,
                format!("`{value}` has no effect on a field with `skip`: remove one of them"),
            );
        }
    }
}

/// `#[field(serde, append(max = 5))] a: Vec<u64>`
fn serde_excludes_append(record: &Record, errors: &mut Errors) {
    for field in record.wired().filter(|field| field.ty.foreign.is_some()) {
        if let Some(append) = &field.attrs.append {
            errors.at(
                &append.key,
                "`append` is not allowed on a field with `serde`, which is replaced as a whole",
            );
        }
    }
}

/// `#[field(append(max = 0))] a: Vec<u64>`
fn max_is_not_zero(record: &Record, errors: &mut Errors) {
    for max in record.wired().filter_map(|field| field.max()) {
        if let Expr::Lit(ExprLit {
            lit: Lit::Int(number),
            ..
        }) = max
        {
            if number.base10_digits() == "0" {
                errors.at(max, "`max` must be greater than zero");
            }
        }
    }
}

/// `#[derive(Leaf)] struct Nothing();`
pub(crate) fn tuple(what: &str, fields: &FieldsUnnamed, errors: &mut Errors) -> Option<()> {
    if (1..=12).contains(&fields.unnamed.len()) {
        return Some(());
    }
    errors.at(
        fields,
        format!(
            "{what} must have 1 to 12 fields, found {}",
            fields.unnamed.len()
        ),
    );
    None
}

/// `struct Slot(#[field(rename = "slot")] u64);`
pub(crate) fn unnamed(attrs: &FieldAttrs, newtype: bool, errors: &mut Errors) {
    let keys = [
        attrs.rename.as_ref().map(|set| &set.key),
        attrs.aliases.first().map(|set| &set.key),
        attrs.default.as_ref().map(|set| &set.key),
        attrs.append.as_ref().map(|set| &set.key),
        attrs.skip.as_ref().map(|set| &set.key),
        attrs
            .serde
            .as_ref()
            .filter(|_| !newtype)
            .map(|set| &set.key),
    ];
    for key in keys.into_iter().flatten() {
        errors.at(
            key,
            format!("`{key}` is not allowed on a field without a name: name the fields"),
        );
    }
}

/// `enum Phase { Open, #[leaf(rename = "Open")] Closed, #[leaf(other)] A, #[leaf(other)] B }`
pub(crate) fn variants(variants: &[Variant], errors: &mut Errors) {
    let others = variants
        .iter()
        .filter_map(|variant| variant.other_at.as_ref());
    for second in others.skip(1) {
        errors.at(second, "only one variant can be `other`: keep one of them");
    }
    other_excludes_rename(variants, errors);
    let read = variants.iter().filter(|variant| !variant.skip);
    let named = read.filter(|variant| variant.other.is_none());
    let own = named
        .clone()
        .map(|variant| (variant.name.clone(), variant.name_at.clone()));
    let aliases = named.flat_map(|variant| &variant.aliases);
    let aliases = aliases.map(|alias| (alias.value(), alias.to_token_stream()));
    once("variants", own.chain(aliases), errors);
}

/// `#[leaf(other, rename = "other")] Unknown(String)`
fn other_excludes_rename(variants: &[Variant], errors: &mut Errors) {
    for variant in variants {
        if let (Some(Other::Kept(_)), Some(rename)) = (&variant.other, &variant.renamed_at) {
            errors.at(
                rename,
                "`rename` has no effect on a variant with `other` that stores the name: remove `rename`",
            );
        }
    }
}

/// `#[derive(Stack)] enum OreStack { Round }`
///
/// Other kinds of structs are an error too, but code is still generated, because it never creates the struct.
pub(crate) fn unit(input: &DeriveInput, errors: &mut Errors) -> Option<()> {
    let ident = &input.ident;
    if !input.generics.params.is_empty() {
        errors.at(
            &input.generics.params,
            "a stack cannot have generic parameters",
        );
        return None;
    }
    let unit = matches!(&input.data, Data::Struct(data) if matches!(data.fields, Fields::Unit));
    if !unit {
        errors.at(
            ident,
            format!("a stack must be a unit struct: `struct {ident};`"),
        );
    }
    Some(())
}

/// `#[stack(url = "https://ore.example")]`
pub(crate) fn url(url: Option<&LitStr>, errors: &mut Errors) {
    let Some(url) = url else { return };
    let text = url.value();
    let (scheme, rest) = text.split_once("://").unwrap_or(("", &text));
    let right = match scheme.to_lowercase().as_str() {
        "ws" | "wss" => scheme,
        "http" => "ws",
        _ => "wss",
    };
    let rest = match rest.trim() {
        "" => "ore.example",
        rest => rest,
    };
    let right = format!("{right}://{rest}");
    if right != text {
        errors.at(
            url,
            format!(
                "invalid stack URL: expected `ws://` or `wss://` and a host, such as `{right}`"
            ),
        );
    }
}

/// `#[stack(manifest_hash = "..")]`, without `live_alias`
///
/// Returns the hash and the alias. A token request contains both or neither.
pub(crate) fn release(
    hash: Option<Set<LitStr>>,
    alias: Option<Set<LitStr>>,
    errors: &mut Errors,
) -> Option<(LitStr, LitStr)> {
    for Set { key, value } in [&hash, &alias].into_iter().flatten() {
        if value.value().is_empty() {
            errors.at(value, format!("`{key}` must not be empty"));
        }
    }
    match (hash, alias) {
        (Some(hash), Some(alias)) => Some((hash.value, alias.value)),
        (Some(Set { key, .. }), None) => {
            errors.at(
                key,
                "`manifest_hash` requires `live_alias`: add `live_alias = \"live\"`",
            );
            None
        }
        (None, Some(Set { key, .. })) => {
            errors.at(
                key,
                "`live_alias` requires `manifest_hash`: add `manifest_hash = \"..\"`",
            );
            None
        }
        (None, None) => None,
    }
}

/// `#[stack(entities(Round, Round, other::Round))]`
///
/// Returns the entities for which code can be generated.
pub(crate) fn members(members: Vec<Member>, errors: &mut Errors) -> Vec<Member> {
    let mut kept: Vec<Member> = Vec::new();
    for member in members {
        let path = |member: &Member| {
            let path = member.entity.to_token_stream().to_string();
            path.replace(' ', "")
        };
        let (text, field) = (path(&member), &member.field);
        match kept.iter().find(|earlier| earlier.field == *field) {
            None => kept.push(member),
            Some(earlier) if path(earlier) == text => errors.at(
                &member.entity,
                format!("`{text}` is listed twice: keep one of them"),
            ),
            Some(earlier) => errors.at(
                &member.entity,
                format!(
                    "`{}` and `{text}` both need the field name `{field}`: import one of them under another name with \
                     `use .. as ..`",
                    path(earlier),
                ),
            ),
        }
    }
    kept
}

/// `#[view(latest, id = "latest")]`
fn view_id(view: &View, entity: &str, errors: &mut Errors) {
    let Some(Set { value, .. }) = &view.id else {
        return;
    };
    let id = value.value();
    let parts: Vec<&str> = id.split('/').collect();
    if parts.len() != 2 || parts.contains(&"") {
        let name = parts.iter().rev().find(|part| !part.is_empty());
        let name = name.map_or_else(|| view.name.unraw().to_string(), |name| (*name).to_owned());
        errors.at(
            value,
            format!("invalid view id: expected an entity name and a view name, such as `{entity}/{name}`"),
        );
    }
}

/// `#[view(state)] #[view(latest)] #[view(latest)]`
///
/// Returns the views for which code can be generated.
pub(crate) fn views(views: Vec<View>, entity: &str, errors: &mut Errors) -> Vec<View> {
    let mut seen = HashSet::new();
    let mut kept = Vec::new();
    for view in views {
        view_id(&view, entity, errors);
        let name = view.name.to_string();
        if ["state", "list"].contains(&name.as_str()) {
            errors.at(
                &view.name,
                format!("every entity has a view `{name}`: remove this one"),
            );
        } else if !seen.insert(name.clone()) {
            errors.at(
                &view.name,
                format!("two views have the name `{name}`: keep one of them"),
            );
        } else {
            kept.push(view);
        }
    }
    kept
}
