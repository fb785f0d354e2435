//! `Leaf`: a field that is replaced whole.

use super::{bounds, field, patch, record, slots};
use crate::tree::{Leaf, LeafShape, Other, Record, Variant};
use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote, ToTokens};
use syn::{parse_quote, Generics, Ident, Type};

/// The impl of `Field`, and what that rests on.
pub(super) fn impls(leaf: &Leaf) -> TokenStream {
    match &leaf.shape {
        LeafShape::Record(inside) => of_record(leaf, inside),
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
    let checks = field::checks(inside);
    let field = impl_field(
        leaf,
        &bounds::value(inside),
        quote!(#krate::__private::leaf::decode_record(d, cx)),
        quote!(#krate::__private::leaf::encode_record(patch, s)),
    );
    quote!(#definition #slots #merge #field #checks)
}

/// A newtype is what it holds; a longer tuple is an array.
fn of_tuple(leaf: &Leaf, types: &[Type]) -> TokenStream {
    let krate = &leaf.krate;
    let leaf_fns = quote!(#krate::__private::leaf);
    let mut generics = bounds::owned(&leaf.generics);
    let clause = generics.make_where_clause();
    for ty in types {
        let bound = quote!(#ty: for<'__y> #krate::__private::Field<'__y>);
        clause.predicates.push(parse_quote!(#bound));
    }
    let generics = bounds::whole(generics, &leaf.generics, &leaf.ident, krate);
    let (decode, encode) = if let [ty] = types {
        (
            quote!(#leaf_fns::decode_inner::<#ty, _>(d, cx).map(Self)),
            quote!(#leaf_fns::encode_inner::<#ty, _>(&patch.0, s)),
        )
    } else {
        let names: Vec<Ident> = (0..types.len())
            .map(|i| format_ident!("field_{i}"))
            .collect();
        let indices = (0..types.len()).map(syn::Index::from);
        (
            quote! {
                #leaf_fns::decode_inner::<(#(#types,)*), _>(d, cx)
                    .map(|(#(#names,)*)| Self(#(#names,)*))
            },
            quote! {
                let tuple = (#(::core::clone::Clone::clone(&patch.#indices),)*);
                #leaf_fns::encode_inner::<(#(#types,)*), _>(&tuple, s)
            },
        )
    };
    let params = leaf.generics.type_params().map(|param| param.ident.clone());
    let consts = leaf
        .generics
        .const_params()
        .map(|param| param.ident.clone());
    let params: Vec<Ident> = params.chain(consts).collect();
    let checks = types
        .iter()
        .filter(|ty| !crate::tree::mentions(&ty.to_token_stream(), &params));
    let field = impl_field(leaf, &generics, decode, encode);
    let value = bounds::check_value(&leaf.generics, &leaf.ident, krate);
    quote! {
        #field
        #value
        const _: fn() = || {
            fn __field<__F: for<'__x> #krate::__private::Field<'__x>>() {}
            #(let _ = __field::<#checks>;)*
        };
    }
}

/// Names.
fn of_enum(leaf: &Leaf, variants: &[Variant]) -> TokenStream {
    let krate = &leaf.krate;
    let some = quote!(::core::option::Option::Some);
    let named: Vec<&Variant> = variants
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
        .iter()
        .find_map(|variant| Some((&variant.ident, variant.other?)));
    let rest = match other {
        Some((ident, Other::Text)) => {
            quote!(#some(Self::#ident(::core::convert::From::from(text))))
        }
        Some((ident, Other::Nothing)) => quote!(#some(Self::#ident)),
        None => quote!(::core::option::Option::None),
    };
    let texts = variants.iter().map(|variant| {
        let (ident, name) = (&variant.ident, &variant.name);
        match variant.other {
            Some(Other::Text) => quote!(Self::#ident(text) => text,),
            _ => quote!(Self::#ident => #name,),
        }
    });
    let generics = bounds::owned(&leaf.generics);
    let generics = bounds::whole(generics, &leaf.generics, &leaf.ident, krate);
    let value = bounds::check_value(&leaf.generics, &leaf.ident, krate);
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
            };
            #krate::__private::serde::Serializer::serialize_str(s, text)
        },
    );
    quote!(#field #value)
}
