//! The type of a field.

use proc_macro2::{Group, TokenStream, TokenTree};
use quote::{quote, ToTokens};
use syn::{DeriveInput, GenericArgument, Generics, Ident, PathArguments, Type};

/// A type, and what it says of the struct around it.
pub(crate) struct FieldType {
    /// The type, with `Self` written out.
    tokens: TokenStream,
    /// What there is to `#[field(serde)]`.
    pub(crate) foreign: Option<Foreign>,
    /// Whether it mentions the struct itself.
    pub(crate) recursive: bool,
    /// Whether it mentions a parameter of the struct.
    pub(crate) generic: bool,
    /// Whether it is spelled like types that are sure to be fields.
    plain: bool,
    /// Whether it is spelled like a primitive type, which is as public as any struct.
    pub(crate) public: bool,
    /// Whether it is spelled like a type that no key's path goes through, nor ends at.
    pub(crate) no_key: bool,
}

/// A type that is read by its serde impls.
pub(crate) struct Foreign {
    /// The type.
    pub(crate) inner: TokenStream,
    /// How many `Option`s are spelled around it.
    pub(crate) options: usize,
}

impl FieldType {
    /// The type of a field of `input`.
    pub(crate) fn new(ty: &Type, foreign: bool, input: &DeriveInput) -> Self {
        let tokens = without_self(ty.to_token_stream(), input);
        let foreign = foreign.then(|| {
            let (options, inner) = inside(ty);
            let inner = without_self(inner.to_token_stream(), input);
            Foreign { inner, options }
        });
        Self {
            foreign,
            recursive: mentions(&tokens, std::slice::from_ref(&input.ident), "self::"),
            generic: mentions(&tokens, &parameters(&input.generics), ""),
            plain: plain(ty),
            public: primitive(ty),
            no_key: no_key(ty),
            tokens,
        }
    }

    /// Whether it is a field, or all that is to be said of that is said by the bounds of parameters.
    pub(crate) fn sure(&self) -> bool {
        self.plain || self.generic
    }

    /// Whether it mentions this parameter.
    pub(crate) fn mentions(&self, parameter: &Ident) -> bool {
        mentions(&self.tokens, std::slice::from_ref(parameter), "")
    }
}

impl ToTokens for FieldType {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        self.tokens.to_tokens(tokens);
    }
}

/// The primitive types.
const PRIMITIVES: &[&str] = &[
    "u8", "u16", "u32", "u64", "u128", "usize", "i8", "i16", "i32", "i64", "i128", "isize", "f32",
    "f64", "bool", "char",
];

/// Whether a type is one of these.
fn primitive(ty: &Type) -> bool {
    let Type::Path(path) = ty else { return false };
    PRIMITIVES.iter().any(|name| path.path.is_ident(name))
}

/// What else is a field, or is one if what it holds is.
const PLAIN: &[&str] = &["String", "Option", "Vec", "Box", "Arc"];

/// Whether nothing but such names occurs in a type.
fn plain(ty: &Type) -> bool {
    match ty {
        Type::Group(group) => plain(&group.elem),
        Type::Paren(paren) => plain(&paren.elem),
        Type::Path(path) if path.qself.is_none() => {
            let last = path.path.segments.last();
            last.is_some_and(|last| {
                let mut names = PRIMITIVES.iter().chain(PLAIN);
                names.any(|name| last.ident == name)
                    && match &last.arguments {
                        PathArguments::None => true,
                        PathArguments::AngleBracketed(of) => of.args.iter().all(|of| match of {
                            GenericArgument::Type(ty) => plain(ty),
                            _ => false,
                        }),
                        PathArguments::Parenthesized(_) => false,
                    }
            })
        }
        Type::Array(array) => plain(&array.elem),
        Type::Tuple(tuple) => tuple.elems.iter().all(plain),
        _ => false,
    }
}

/// Whether a type is none of those that have a key, or are one.
fn no_key(ty: &Type) -> bool {
    match ty {
        Type::Group(group) => no_key(&group.elem),
        Type::Paren(paren) => no_key(&paren.elem),
        Type::Path(path) => path.path.segments.last().is_some_and(|last| {
            let names = ["f32", "f64", "Option", "Vec", "HashMap", "BTreeMap"];
            names.iter().any(|name| last.ident == name)
        }),
        _ => true,
    }
}

/// The names of type and const parameters.
fn parameters(generics: &Generics) -> Vec<Ident> {
    let types = generics.type_params().map(|param| param.ident.clone());
    let consts = generics.const_params().map(|param| param.ident.clone());
    types.chain(consts).collect()
}

/// Whether one of these names occurs, on its own or behind `prefix`: `base::Name` is another.
fn mentions(tokens: &TokenStream, names: &[Ident], prefix: &str) -> bool {
    let mut path = String::new();
    tokens.clone().into_iter().any(|token| {
        let alone = !path.ends_with("::") || path == prefix;
        let here = match &token {
            TokenTree::Group(group) => mentions(&group.stream(), names, prefix),
            TokenTree::Ident(ident) => alone && names.contains(ident),
            _ => false,
        };
        match token {
            TokenTree::Punct(punct) if punct.as_char() == ':' => path.push(':'),
            TokenTree::Ident(ident) if path.ends_with("::") => path += &ident.to_string(),
            TokenTree::Ident(ident) => path = ident.to_string(),
            _ => path.clear(),
        }
        here
    })
}

/// The same type outside of the struct.
fn without_self(tokens: TokenStream, input: &DeriveInput) -> TokenStream {
    let replace = |token| match token {
        TokenTree::Ident(ident) if ident == "Self" => {
            let (ident, (_, arguments, _)) = (&input.ident, input.generics.split_for_impl());
            quote!(#ident #arguments)
        }
        TokenTree::Group(group) => {
            let stream = without_self(group.stream(), input);
            let mut replaced = Group::new(group.delimiter(), stream);
            replaced.set_span(group.span());
            TokenTree::from(replaced).into()
        }
        other => other.into(),
    };
    tokens.into_iter().map(replace).collect::<TokenStream>()
}

/// How many `Option<..>`s are spelled around a type, and what is inside of these.
fn inside(ty: &Type) -> (usize, &Type) {
    match option(ty) {
        Some(inner) => {
            let (options, ty) = inside(inner);
            (options + 1, ty)
        }
        None => (0, ty),
    }
}

/// The type `T`, if this is spelled `Option<T>`.
fn option(ty: &Type) -> Option<&Type> {
    let path = match ty {
        // What a macro wrote for `$ty` stands in a group.
        Type::Group(group) => return option(&group.elem),
        Type::Paren(paren) => return option(&paren.elem),
        Type::Path(path) => path,
        _ => return None,
    };
    let last = path.path.segments.last()?;
    match &last.arguments {
        PathArguments::AngleBracketed(arguments) if last.ident == "Option" => {
            match arguments.args.first()? {
                GenericArgument::Type(inner) => Some(inner),
                _ => None,
            }
        }
        _ => None,
    }
}
