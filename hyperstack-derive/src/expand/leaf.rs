//! `Leaf`: a field that is replaced whole.

use super::known::{self, Item};
use super::{bounds, key, patch, record, slots};
use crate::tree::{FieldType, Leaf, LeafShape, Other, Record, Variant, Variants};
use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote};
use syn::{parse_quote, Generics, Ident};

/// The impl of `Field`, and what that rests on.
pub(super) fn impls(leaf: &Leaf) -> TokenStream {
    match &leaf.shape {
        LeafShape::Record(inside) => of_record(leaf, inside),
        LeafShape::Newtype(ty) => of_newtype(leaf, ty),
        LeafShape::Tuple(types) => of_tuple(leaf, types),
        LeafShape::Enum(variants) => of_enum(leaf, variants),
    }
}

/// The impl of `Field`; `decode` makes a result of `d` and `cx`, and `encode` of `patch` and `s`.
fn impl_field(
    leaf: &Leaf,
    generics: &Generics,
    decode: TokenStream,
    encode: TokenStream,
) -> TokenStream {
    let (krate, ident) = (&leaf.krate, &leaf.ident);
    let private = quote!(#krate::__private);
    let (_, arguments, clause) = generics.split_for_impl();
    let params = bounds::with_lifetime(generics, quote!('__f));
    quote! {
        impl #params #private::Field<'__f> for #ident #arguments #clause {
            type Patch = Self;
            type Rule = #private::Whole;

            fn decode<'de, __D: #private::serde::Deserializer<'de>>(
                d: __D,
                cx: &mut #private::Context<'_>,
            ) -> ::core::result::Result<Self, __D::Error> {
                let _ = &cx;
                #decode
            }

            fn encode<__S: #private::serde::Serializer>(
                patch: &Self,
                s: __S,
            ) -> ::core::result::Result<__S::Ok, __S::Error> {
                #encode
            }
        }
    }
}

/// Named fields: by way of slots that nobody else sees.
fn of_record(leaf: &Leaf, inside: &Record) -> TokenStream {
    let krate = &leaf.krate;
    let hidden = Ident::new("__Fields", Span::call_site());
    let definition = patch::definition(inside, &hidden);
    let slots = slots::impls(inside, &hidden);
    let merge = record::impls(inside, &hidden);
    let known = known::record(inside);
    let fields = key::fields(inside);
    let field = impl_field(
        leaf,
        &bounds::value(inside),
        quote!(#krate::__private::leaf::decode_record(d, cx)),
        quote!(#krate::__private::leaf::encode_record(patch, s)),
    );
    quote!(#definition #slots #merge #field #known #fields)
}

/// A newtype: what it holds.
fn of_newtype(leaf: &Leaf, ty: &FieldType) -> TokenStream {
    let krate = &leaf.krate;
    let kind = bounds::kind(krate, ty);
    let field = impl_field(
        leaf,
        &generics(leaf, &[ty]),
        quote!(#krate::__private::leaf::decode_inner::<#ty, #kind, _>(d, cx).map(Self)),
        quote!(#krate::__private::leaf::encode_inner::<#ty, #kind, _>(&patch.0, s)),
    );
    let known = item(leaf, vec![ty]).impls();
    quote!(#field #known)
}

/// A longer tuple: an array.
fn of_tuple(leaf: &Leaf, types: &[FieldType]) -> TokenStream {
    let krate = &leaf.krate;
    let tuple = quote!((#(#types,)*), #krate::__private::Native);
    let types: Vec<&FieldType> = types.iter().collect();
    let names = (0..types.len()).map(|i| format_ident!("field_{i}"));
    let names: Vec<Ident> = names.collect();
    let indices = (0..types.len()).map(syn::Index::from);
    let field = impl_field(
        leaf,
        &generics(leaf, &types),
        quote! {
            #krate::__private::leaf::decode_inner::<#tuple, _>(d, cx)
                .map(|(#(#names,)*)| Self(#(#names,)*))
        },
        quote! {
            let tuple = (#(::core::clone::Clone::clone(&patch.#indices),)*);
            #krate::__private::leaf::encode_inner::<#tuple, _>(&tuple, s)
        },
    );
    let known = item(leaf, types).impls();
    quote!(#field #known)
}

/// The generics of a leaf that holds these types.
fn generics(leaf: &Leaf, types: &[&FieldType]) -> Generics {
    let generics = bounds::of_types(&leaf.generics, types, &leaf.krate);
    bounds::whole(generics, &leaf.generics, &leaf.ident, &leaf.krate)
}

/// A leaf that holds these types.
fn item<'a>(leaf: &'a Leaf, types: Vec<&'a FieldType>) -> Item<'a> {
    Item {
        krate: &leaf.krate,
        ident: &leaf.ident,
        generics: &leaf.generics,
        types,
        lists: Vec::new(),
        text: None,
    }
}

/// Names.
fn of_enum(leaf: &Leaf, variants: &Variants) -> TokenStream {
    let krate = &leaf.krate;
    let some = quote!(::core::option::Option::Some);
    let named: Vec<&Variant> = variants
        .known
        .iter()
        .filter(|variant| variant.other.is_none())
        .collect();
    let names = named.iter().map(|variant| &variant.name);
    let found = named.iter().map(|variant| {
        let (ident, name) = (&variant.ident, &variant.name);
        let aliases = &variant.aliases;
        quote!(#name #(| #aliases)* => #some(Self::#ident),)
    });
    let other = variants
        .known
        .iter()
        .find_map(|variant| Some((&variant.ident, variant.other.as_ref()?)));
    let rest = match &other {
        Some((ident, Other::Text(_))) => {
            quote!(#some(Self::#ident(#krate::__private::leaf::Text::keep(text))))
        }
        Some((ident, Other::Nothing)) => quote!(#some(Self::#ident)),
        None => quote!(::core::option::Option::None),
    };
    let texts = variants.known.iter().map(|variant| {
        let (ident, name) = (&variant.ident, &variant.name);
        match &variant.other {
            Some(Other::Text(_)) => {
                quote!(Self::#ident(text) => #krate::__private::leaf::Text::kept(text),)
            }
            _ => quote!(Self::#ident => #name,),
        }
    });
    // What is wrong with the others is reported already.
    let others = (!variants.complete).then(|| quote!(_ => "",));
    let mut generics = generics(leaf, &[]);
    if let Some((_, Other::Text(ty))) = &other {
        let clause = generics.make_where_clause();
        clause
            .predicates
            .push(parse_quote!(#ty: for<'__x> #krate::__private::leaf::Text<'__x>));
    }
    let field = impl_field(
        leaf,
        &generics,
        quote! {
            #[allow(unreachable_patterns)]
            let find = |text: &str| match text {
                #(#found)*
                _ => #rest,
            };
            #krate::__private::leaf::decode_variant(d, &[#(#names),*], find)
        },
        quote! {
            let text: &str = match patch {
                #(#texts)*
                #others
            };
            #krate::__private::serde::Serializer::serialize_str(s, text)
        },
    );
    let mut item = item(leaf, Vec::new());
    if let Some((_, Other::Text(ty))) = other {
        item.text = Some(ty);
    }
    let known = item.impls();
    quote!(#field #known)
}
