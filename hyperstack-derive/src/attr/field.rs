//! `#[field(..)]` and `#[serde(..)]` on fields.

use super::{serde, Entry, Set};
use crate::errors::Errors;
use proc_macro2::TokenStream;
use quote::{quote, ToTokens};
use syn::{Attribute, Expr, ExprPath, Lit, LitStr, UnOp};

const KEYS: &[&str] = &["rename", "alias", "default", "append", "serde", "skip"];

/// The attributes of a field.
#[derive(Default)]
pub(crate) struct FieldAttrs {
    pub(crate) rename: Option<Set<LitStr>>,
    pub(crate) aliases: Vec<Set<LitStr>>,
    pub(crate) default: Option<Set<FieldDefault>>,
    pub(crate) append: Option<Set<Expr>>,
    pub(crate) serde: Option<Set<()>>,
    pub(crate) skip: Option<Set<()>>,
    /// The keys of `#[field(..)]`, without those of `#[serde(..)]`.
    pub(crate) own: Vec<Set<String>>,
}

/// The default of a field.
pub(crate) enum FieldDefault {
    /// `Default::default()`.
    Type,
    /// The value of an expression.
    Expr(TokenStream),
}

impl FieldAttrs {
    /// Parses the attributes of a field. `#[field]` overrides `#[serde]`.
    pub(crate) fn parse(attrs: &[Attribute], errors: &mut Errors) -> Self {
        let mut read = Self::default();
        for entry in serde::entries(attrs, &[], errors) {
            read.serde_entry(&entry, errors);
        }
        for entry in super::entries(attrs, "field", &["alias"], errors) {
            read.field_entry(&entry, errors);
            read.own.push(entry.set(entry.key()));
        }
        read
    }

    fn field_entry(&mut self, entry: &Entry, errors: &mut Errors) {
        match entry.key().as_str() {
            "rename" => self.rename = entry.string(errors),
            "alias" => self.aliases.extend(entry.string(errors)),
            "default" => self.default = default(entry, errors),
            "append" => self.append = append(entry, errors),
            "serde" => self.serde = entry.flag(errors),
            "skip" => self.skip = entry.flag(errors),
            _ => entry.unknown("field", KEYS, errors),
        }
    }

    fn serde_entry(&mut self, entry: &Entry, errors: &mut Errors) {
        match entry.key().as_str() {
            "rename" => self.rename = entry.string(errors),
            "alias" => self.aliases.extend(entry.string(errors)),
            "default" => self.default = serde_default(entry, errors),
            "skip" | "skip_deserializing" => self.skip = entry.flag(errors),
            // The other keys concern serializing, bounds or paths.
            _ => {}
        }
    }
}

/// `default` or `default = expr`.
fn default(entry: &Entry, errors: &mut Errors) -> Option<Set<FieldDefault>> {
    match entry.value() {
        Some(expr) => Some(entry.set(FieldDefault::Expr(expr.to_token_stream()))),
        None if entry.is_flag() => Some(entry.set(FieldDefault::Type)),
        None => {
            errors.at(
                entry,
                "`default` takes no list: write `default` or `default = ..`",
            );
            None
        }
    }
}

/// `default` or `default = "path::to::function"`.
fn serde_default(entry: &Entry, errors: &mut Errors) -> Option<Set<FieldDefault>> {
    if entry.value().is_none() {
        return default(entry, errors);
    }
    match entry.string(errors)?.value.parse::<ExprPath>() {
        Ok(path) => Some(entry.set(FieldDefault::Expr(quote!(#path())))),
        Err(error) => {
            errors.push(error);
            None
        }
    }
}

/// `append(max = N)`.
fn append(entry: &Entry, errors: &mut Errors) -> Option<Set<Expr>> {
    let mut max = None;
    let inner = entry.list(errors).unwrap_or_default();
    for inner in &inner {
        match (inner.key().as_str(), inner.value()) {
            ("max", Some(value)) if may_be_a_number(value) => {
                max = Some(entry.set(value.clone()));
            }
            ("max", _) => errors.at(inner, "`max` requires a number: `max = 100`"),
            _ => inner.unknown_in("append(..)", &["max"], errors),
        }
    }
    if inner.is_empty() {
        errors.at(
            entry,
            "`append` requires the maximum length: `append(max = 100)`",
        );
    }
    max
}

/// Whether an expression is not obviously wrong: another kind of literal, or negative.
fn may_be_a_number(value: &Expr) -> bool {
    match value {
        Expr::Lit(literal) => match &literal.lit {
            Lit::Int(number) => !number.base10_digits().starts_with('-'),
            _ => false,
        },
        Expr::Unary(unary) => !matches!(unary.op, UnOp::Neg(_)),
        _ => true,
    }
}
