//! `#[serde(..)]` on a struct that also derives serde: which keys apply to patches, and which are errors.

use super::Entry;
use crate::errors::Errors;
use syn::punctuated::Punctuated;
use syn::{Attribute, Expr, ExprLit, Lit, LitStr, Meta, Token};

/// Keys that change the wire format in a way that patches cannot support.
const REFUSED: &[&str] = &[
    "flatten",
    "with",
    "deserialize_with",
    "from",
    "try_from",
    "into",
    "remote",
    "tag",
    "content",
    "untagged",
    "transparent",
    "deny_unknown_fields",
];

/// Keys that can have different values for reading and writing: `rename(serialize = "..", ..)`.
const SPLIT: &[&str] = &["rename", "rename_all", "rename_all_fields"];

/// Returns the entries of all attributes `#[serde(..)]` that apply to patches. Skips the keys in `granted`, which have
/// no effect here. Leaves syntax errors for serde to report.
pub(super) fn entries(attrs: &[Attribute], granted: &[&str], errors: &mut Errors) -> Vec<Entry> {
    let mut held = Vec::new();
    for attr in attrs.iter().filter(|attr| attr.path().is_ident("serde")) {
        let metas = attr.parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated);
        for entry in metas.into_iter().flatten().map(Entry) {
            let key = entry.key();
            if granted.contains(&key.as_str()) || is_nullable(&entry) {
                continue;
            }
            if REFUSED.contains(&key.as_str()) {
                let instead = instead_of(&key);
                errors.at(
                    &entry,
                    format!("serde's `{key}` is not supported: {instead}"),
                );
            } else if SPLIT.contains(&key.as_str()) && matches!(entry.0, Meta::List(_)) {
                errors.at(
                    &entry,
                    format!(
                        "serde's `{key}(..)` is not supported, because a patch uses one name for reading and \
                         writing: `{key} = \"..\"`"
                    ),
                );
            } else {
                held.push(entry);
            }
        }
    }
    held
}

/// The SDK's own `deserialize_with`, which reads an `Option<Option<T>>` as a patch does.
const NULLABLE: &str = "hyperstack_sdk::nullable";

/// Whether this is `deserialize_with = "hyperstack_sdk::nullable"`.
fn is_nullable(entry: &Entry) -> bool {
    let is_path = |text: &LitStr| text.value().trim_start_matches("::") == NULLABLE;
    entry.key() == "deserialize_with"
        && matches!(entry.value(), Some(Expr::Lit(ExprLit { lit: Lit::Str(text), .. })) if is_path(text))
}

fn instead_of(key: &str) -> &'static str {
    match key {
        "flatten" => "nest a section, as the wire does",
        "with" | "deserialize_with" => {
            "wrap the value in a type with its own serde impls and use `#[field(serde)]`"
        }
        "deny_unknown_fields" => "unknown fields are always ignored",
        "transparent" => "derive `Leaf` for a newtype",
        _ => "use the type as a field with `#[field(serde)]`",
    }
}
