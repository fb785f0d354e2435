//! Rules that span attributes: one function each, with an example of what it refuses.

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

/// All rules of a struct with named fields.
pub(crate) fn record(record: &Record, name: Option<&Set<LitStr>>, errors: &mut Errors) {
    entity_name(name, errors);
    key_starts_at_a_field(record, errors);
    names_differ(record, errors);
    skipped_is_off_the_wire(record, errors);
    foreign_is_replaced_whole(record, errors);
    something_is_kept(record, errors);
    key_is_on_the_wire(record, errors);
    key_is_not_inside_of_a_foreign_type(record, errors);
}

/// `struct Round<'a> { name: &'a str }`
pub(crate) fn owned(generics: &Generics, errors: &mut Errors) -> Option<()> {
    for lifetime in generics.lifetimes() {
        errors.at(
            lifetime,
            "what is streamed owns its data: no lifetime parameters",
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
            "an entity's name is the part of a view's id before the `/`: `OreRound`",
        );
    }
}

/// `#[entity(key = "di.round_id")] struct Round { id: RoundId }`
///
/// What follows the first field is checked by the compiler, which knows its type.
fn key_starts_at_a_field(record: &Record, errors: &mut Errors) {
    let Some(key) = &record.key else { return };
    if record.fields.iter().any(|field| key.starts_at(field)) {
        return;
    }
    let known = record.fields.iter().map(|field| field.ident.to_string());
    let known: Vec<String> = known.collect();
    let known: Vec<&str> = known.iter().map(String::as_str).collect();
    let (ident, first) = (&record.ident, key.first.to_string());
    let instead = suggest::instead_of(&first, &known);
    errors.at(
        &key.literal,
        format!("`{ident}` has no field `{first}`: {instead}"),
    );
}

/// `#[entity(key = "id")] struct Round { #[field(skip)] id: u64 }`
fn key_is_on_the_wire(record: &Record, errors: &mut Errors) {
    let Some(key) = &record.key else { return };
    let skipped = record
        .fields
        .iter()
        .any(|field| key.starts_at(field) && field.attrs.skip.is_some());
    if skipped {
        errors.at(
            &key.literal,
            format!("the field `{}` is off the wire: no key is in it", key.first),
        );
    }
}

/// `#[entity(key = "id.number")] struct Round { #[field(serde)] id: RoundId }`
fn key_is_not_inside_of_a_foreign_type(record: &Record, errors: &mut Errors) {
    let Some(key) = &record.key else { return };
    let first = record.fields.iter().find(|field| key.starts_at(field));
    let foreign = first.is_some_and(|field| field.ty.foreign.is_some());
    if foreign && !key.rest.is_empty() {
        errors.at(
            &key.literal,
            format!(
                "`serde` reads the field `{}` whole: a key inside of it is out of sight; derive \
                 `Section` or `Leaf` for its type, and leave `serde` out",
                key.first
            ),
        );
    }
}

/// `#[derive(Leaf)] struct Bets { #[field(append(max = 5))] a: Vec<u64> }`
pub(crate) fn leaf_is_replaced_whole(record: &Record, errors: &mut Errors) {
    for field in record.wired() {
        if let Some(append) = &field.attrs.append {
            errors.at(
                &append.key,
                "a leaf is replaced whole: nothing is ever appended to its lists",
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
            errors.at(at, "a name on the wire is not empty");
        } else if !seen.insert(name.clone()) {
            errors.at(
                at,
                format!("two {what} are called `{name}` on the wire: rename one of them"),
            );
        }
    }
}

/// `#[field(skip, append(max = 5))] a: Vec<u64>`
///
/// What serde's keys say beside `skip` is for serde.
fn skipped_is_off_the_wire(record: &Record, errors: &mut Errors) {
    let attrs = record.fields.iter().map(|field| &field.attrs);
    let keys = attrs
        .filter(|attrs| attrs.skip.is_some())
        .flat_map(|attrs| &attrs.own);
    for Set { key, value } in keys {
        if ["rename", "alias", "append", "serde"].contains(&value.as_str()) {
            errors.at(
                key,
                format!("`skip` takes the field off the wire, where `{value}` has no meaning"),
            );
        }
    }
}

/// `#[field(serde, append(max = 5))] a: Vec<u64>`
fn foreign_is_replaced_whole(record: &Record, errors: &mut Errors) {
    for field in record.wired().filter(|field| field.ty.foreign.is_some()) {
        if let Some(append) = &field.attrs.append {
            errors.at(
                &append.key,
                "`serde` replaces the field whole: nothing is ever appended to it",
            );
        }
    }
}

/// `#[field(append(max = 0))] a: Vec<u64>`
fn something_is_kept(record: &Record, errors: &mut Errors) {
    for max in record.wired().filter_map(|field| field.max()) {
        if let Expr::Lit(ExprLit {
            lit: Lit::Int(number),
            ..
        }) = max
        {
            if number.base10_digits() == "0" {
                errors.at(max, "a list of at most 0 elements keeps none of them");
            }
        }
    }
}

/// `#[derive(Leaf)] struct Nothing();`
pub(crate) fn tuple(fields: &FieldsUnnamed, errors: &mut Errors) -> Option<()> {
    if (1..=12).contains(&fields.unnamed.len()) {
        return Some(());
    }
    errors.at(
        fields,
        "a leaf without names for its fields has 1 to 12 of them",
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
            format!("`{key}` has no meaning for a field without a name: give the fields names"),
        );
    }
}

/// `enum Phase { Open, #[leaf(rename = "Open")] Closed, #[leaf(other)] A, #[leaf(other)] B }`
pub(crate) fn variants(variants: &[Variant], errors: &mut Errors) {
    let others = variants
        .iter()
        .filter_map(|variant| variant.other_at.as_ref());
    for second in others.skip(1) {
        errors.at(
            second,
            "one variant stands for every other name: keep one `other`",
        );
    }
    other_text_is_any(variants, errors);
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
fn other_text_is_any(variants: &[Variant], errors: &mut Errors) {
    for variant in variants {
        if let (Some(Other::Text(_)), Some(rename)) = (&variant.other, &variant.renamed_at) {
            errors.at(
                rename,
                "`other` keeps whatever the name is, and has none of its own: leave out `rename`",
            );
        }
    }
}

/// `#[derive(Stack)] enum OreStack { Round }`
///
/// The other kinds are no reason to write nothing: no value of the struct is ever made.
pub(crate) fn unit(input: &DeriveInput, errors: &mut Errors) -> Option<()> {
    let ident = &input.ident;
    if !input.generics.params.is_empty() {
        errors.at(
            &input.generics.params,
            "a stack is of one server: `Stack` takes no parameters",
        );
        return None;
    }
    let unit = matches!(&input.data, Data::Struct(data) if matches!(data.fields, Fields::Unit));
    if !unit {
        errors.at(
            ident,
            format!("a stack is a name, and holds nothing: `struct {ident};`"),
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
                "a stack's url begins with `ws://` or `wss://`, and a server follows: `{right}`"
            ),
        );
    }
}

/// `#[stack(entities(Round, Round, other::Round))]`
///
/// What is left of them is what can be written.
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
                format!("`{text}` is in the stack already: keep one of them"),
            ),
            Some(earlier) => errors.at(
                &member.entity,
                format!(
                    "`{}` and `{text}` would both be the field `{field}`: import one of them under \
                     another name, `use .. as ..`",
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
            format!("a view's id is an entity's name and its own: `{entity}/{name}`"),
        );
    }
}

/// `#[view(state)] #[view(latest)] #[view(latest)]`
///
/// What is left of the views is what can be written.
pub(crate) fn views(views: Vec<View>, entity: &str, errors: &mut Errors) -> Vec<View> {
    let mut seen = HashSet::new();
    let mut kept = Vec::new();
    for view in views {
        view_id(&view, entity, errors);
        let name = view.name.to_string();
        if ["state", "list"].contains(&name.as_str()) {
            errors.at(
                &view.name,
                format!("every entity has a view `{name}`: leave it out"),
            );
        } else if !seen.insert(name.clone()) {
            errors.at(
                &view.name,
                format!("two views are called `{name}`: keep one of them"),
            );
        } else {
            kept.push(view);
        }
    }
    kept
}
