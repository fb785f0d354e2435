//! Parses types that the file contains as Rust tokens.

use syn::{Expr, GenericArgument, Lit, PathArguments};

use crate::model::Type;
use crate::names;

/// The longest list that the server keeps in full. Snapshots cut longer ones.
pub(super) const SERVER_KEEPS: usize = 100;

/// The types that are lists in JSON.
pub(super) const LISTS: &[&str] = &["Vec", "VecDeque", "BTreeSet", "HashSet"];

/// A type as tokens. `None` if the tokens do not parse.
#[derive(Clone)]
pub(super) struct Text(Option<syn::Type>);

/// A path's last name, the names before it, and its type arguments.
pub(super) struct Name<'t> {
    pub(super) last: String,
    pub(super) before: Vec<String>,
    pub(super) args: Vec<&'t syn::Type>,
}

impl Text {
    pub(super) fn parse(tokens: &str) -> Self {
        Text(syn::parse_str(tokens).ok())
    }

    /// Returns the type inside an `Option`.
    pub(super) fn option(&self) -> Option<Text> {
        self.wrapped(&["Option"])
    }

    /// Returns the type of a list's elements.
    pub(super) fn list(&self) -> Option<Text> {
        self.wrapped(LISTS)
    }

    fn wrapped(&self, wrappers: &[&str]) -> Option<Text> {
        let name = name(self.0.as_ref()?)?;
        match (wrappers.contains(&&*name.last), &name.args[..]) {
            (true, [inner, ..]) => Some(Text(Some((*inner).clone()))),
            _ => None,
        }
    }

    /// Returns the names of a path such as `ore_sdk::accounts::Miner`, without type arguments.
    pub(super) fn path(&self) -> Option<(Vec<String>, String)> {
        let name = name(self.0.as_ref()?)?;
        Some((name.before, name.last))
    }

    pub(super) fn ty(&self) -> Option<&syn::Type> {
        self.0.as_ref()
    }
}

/// Returns the names of a type that is a path.
pub(super) fn name(ty: &syn::Type) -> Option<Name<'_>> {
    let syn::Type::Path(path) = ty else {
        return None;
    };
    let mut names: Vec<String> = path
        .path
        .segments
        .iter()
        .map(|s| s.ident.to_string())
        .collect();
    let args = match &path.path.segments.last()?.arguments {
        PathArguments::AngleBracketed(args) => args
            .args
            .iter()
            .filter_map(|arg| match arg {
                GenericArgument::Type(ty) => Some(ty),
                _ => None,
            })
            .collect(),
        _ => Vec::new(),
    };
    Some(Name {
        last: names.pop()?,
        before: names,
        args,
    })
}

/// Returns the number in `[T; 32]`.
pub(super) fn length(expr: &Expr) -> Option<usize> {
    match expr {
        Expr::Lit(lit) => match &lit.lit {
            Lit::Int(int) => int.base10_parse().ok(),
            _ => None,
        },
        _ => None,
    }
}

/// Returns an array type, or a list type if the server may cut the list so that its length is not reliable.
pub(super) fn array(element: Type, length: usize) -> Type {
    match length {
        1..=SERVER_KEEPS => Type::Array(Box::new(element), length),
        _ => Type::List(Box::new(element)),
    }
}

/// Returns a scalar type by its name in Rust or in an IDL.
pub(super) fn scalar(name: &str) -> Option<Type> {
    Some(match name {
        "bool" => Type::Bool,
        "u8" => Type::Int("u8"),
        "u16" => Type::Int("u16"),
        "u32" => Type::Int("u32"),
        "u64" | "usize" => Type::Int("u64"),
        "u128" => Type::Int("u128"),
        "i8" => Type::Int("i8"),
        "i16" => Type::Int("i16"),
        "i32" => Type::Int("i32"),
        "i64" | "isize" => Type::Int("i64"),
        "i128" => Type::Int("i128"),
        "f32" => Type::Float("f32"),
        "f64" => Type::Float("f64"),
        "String" | "str" | "char" | "string" | "rest_utf8" => Type::Text,
        "Pubkey" | "pubkey" | "publicKey" | "PublicKey" => Type::Text,
        "bytes" | "Bytes" | "rest_bytes" => Type::List(Box::new(Type::Int("u8"))),
        _ => return None,
    })
}

/// Returns the type of a resolver's result.
pub(super) fn resolved(name: &str) -> Option<Type> {
    Some(match name {
        "SlotHashBytes" | "SlotHash" => Type::SlotHash,
        "TokenMetadata" => Type::TokenMetadata,
        "KeccakRngValue" => Type::Int("u64"),
        "TokenUiAmount" => Type::Float("f64"),
        _ => return None,
    })
}

/// Returns the type for the file's `base_type`, which is less exact than its tokens. Newer files also have the kind of
/// integers, such as `U128`; for a list, it is the kind of its elements.
pub(super) fn guessed(base_type: &str, integer_kind: Option<&str>) -> Type {
    let integer = integer_kind.and_then(|kind| scalar(&kind.to_lowercase()));
    match base_type {
        "Integer" | "Timestamp" => integer.unwrap_or(Type::Int("i64")),
        "Float" => Type::Float("f64"),
        "String" | "Pubkey" => Type::Text,
        "Boolean" => Type::Bool,
        "Binary" => Type::List(Box::new(Type::Int("u8"))),
        "Array" => Type::List(Box::new(integer.unwrap_or(Type::Json))),
        _ => Type::Json,
    }
}

/// Returns whether an integer type holds all values of another one.
pub(super) fn holds(outer: &str, inner: &str) -> bool {
    let parts = |name: &str| {
        let (sign, bits) = name.split_at(1);
        (sign == "i", bits.parse::<u32>().unwrap_or(0))
    };
    match (parts(outer), parts(inner)) {
        ((true, outer), (false, inner)) => outer > inner,
        ((false, _), (true, _)) => false,
        ((_, outer), (_, inner)) => outer >= inner,
    }
}

/// Returns the narrowest integer type that holds all values of these ones. `None` if there are none, or if no type
/// holds them.
pub(super) fn narrowest(held: &[&str]) -> Option<&'static str> {
    let mut all = [
        "u8", "i8", "u16", "i16", "u32", "i32", "u64", "i64", "u128", "i128",
    ]
    .into_iter()
    .filter(|_| !held.is_empty());
    all.find(|outer| held.iter().all(|inner| holds(outer, inner)))
}

/// The unit of a time.
pub(super) const SECONDS: &str = "In Unix seconds.";

/// Returns the unit of a number, if its name and its type agree on it.
pub(super) fn unit(name: &str, ty: &Type) -> Option<&'static str> {
    let name = names::snake(name);
    let is_time = name.ends_with("_at") || name == "timestamp" || name.ends_with("_timestamp");
    let is_slot = name == "slot" || name.ends_with("_slot") && !name.ends_with("per_slot");
    match ty {
        Type::Nullable(ty) => unit(&name, ty),
        Type::Int("i64") if is_time => Some(SECONDS),
        Type::Int("u64") if is_slot => Some("A slot."),
        _ => None,
    }
}

impl Type {
    /// Returns whether the type is a list of bytes.
    pub(super) fn is_bytes(&self) -> bool {
        match self {
            Type::List(element) | Type::Array(element, _) => **element == Type::Int("u8"),
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_integer_type_holds_narrower_ones() {
        for (outer, inner, held) in [
            ("u64", "u32", true),
            ("u64", "u64", true),
            ("u32", "u64", false),
            ("i64", "u32", true),
            ("i64", "u64", false),
            ("u64", "i8", false),
            ("i128", "u64", true),
        ] {
            assert_eq!(holds(outer, inner), held, "{outer} and {inner}");
        }
    }

    #[test]
    fn the_kind_of_an_integer_is_better_than_a_guess() {
        assert_eq!(guessed("Integer", None), Type::Int("i64"));
        assert_eq!(guessed("Integer", Some("U128")), Type::Int("u128"));
        let bytes = Type::List(Box::new(Type::Int("u8")));
        assert_eq!(guessed("Array", Some("U8")), bytes);
        assert_eq!(guessed("String", Some("U64")), Type::Text);
    }
}
