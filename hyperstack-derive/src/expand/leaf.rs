//! The code of the derive `Leaf`.

use super::field::{self, item};
use super::{bounds, patch, record, slots};
use crate::sdk::private;
use crate::tree::{FieldType, Leaf, LeafShape, Other, Record, Variant, Variants};
use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote};
use syn::{Generics, Ident};

/// Generates the impl of `Field` and the code that it needs.
pub(super) fn impls(leaf: &Leaf) -> TokenStream {
    match &leaf.shape {
        LeafShape::Record(inside) => of_record(leaf, inside),
        LeafShape::Newtype(ty) => of_newtype(leaf, ty),
        LeafShape::Tuple(types) => of_tuple(leaf, types),
        LeafShape::Enum(variants) => of_enum(leaf, variants),
    }
}

/// Generates the impl of `Field`. `decode` uses `__d` and `__cx`, and `encode` uses `__leaf` and `__s`.
fn impl_field(
    leaf: &Leaf,
    generics: Generics,
    decode: TokenStream,
    encode: TokenStream,
) -> TokenStream {
    let (krate, ident) = (&leaf.krate, &leaf.ident);
    let private = private(krate);
    let generics = bounds::with(bounds::value(generics, leaf), bounds::check(leaf));
    let (params, arguments, clause) = generics.split_for_impl();
    quote! {
        #[doc(hidden)]
        #[automatically_derived]
        impl #params #private::Field for #ident #arguments #clause {
            type Change = Self;
            type Rule = #private::Whole;

            fn decode_field<'de, __Deserializer: #private::serde::Deserializer<'de>>(
                __d: __Deserializer,
                __cx: &mut #private::Context<'_>,
            ) -> ::core::result::Result<Self, __Deserializer::Error> {
                let _ = &__cx;
                #decode
            }

            fn encode_field<__Serializer: #private::serde::Serializer>(
                __leaf: &Self,
                __s: __Serializer,
            ) -> ::core::result::Result<__Serializer::Ok, __Serializer::Error> {
                #encode
            }
        }
    }
}

/// Generates the code of a struct with named fields, which decodes through hidden slots.
fn of_record(leaf: &Leaf, inside: &Record) -> TokenStream {
    let krate = &leaf.krate;
    let private = private(krate);
    let hidden = Ident::new("__Fields", Span::call_site());
    let definition = patch::hidden(inside, &hidden);
    let slots = slots::impls(inside, &hidden);
    let build = record::built(inside);
    let whole = record::each(inside, |inner| {
        let (ident, whole) = (&inner.ident, item(krate, &inner.ty, "whole_field"));
        quote!(#whole(&__leaf.#ident))
    });
    let generics = bounds::patch(inside);
    let (_, arguments, _) = inside.generics.split_for_impl();
    let field = impl_field(
        leaf,
        generics,
        quote! {
            #private::leaf::decode_fields(__d, __cx, |__patch: &mut #hidden #arguments| {
                let _ = &__patch;
                ::core::result::Result::Ok(#build)
            })
        },
        quote! {
            let _ = __leaf;
            let __fields: #hidden #arguments = #hidden { #whole };
            #private::walk::encode(&__fields, __s)
        },
    );
    quote!(#definition #slots #field)
}

/// Generates the code of a newtype, which uses the code of its field.
fn of_newtype(leaf: &Leaf, ty: &FieldType) -> TokenStream {
    let krate = &leaf.krate;
    let (decode, encode) = (
        item(krate, ty, "decode_field_alone"),
        item(krate, ty, "encode_field_alone"),
    );
    impl_field(
        leaf,
        generics(leaf, std::slice::from_ref(ty)),
        quote!(::core::result::Result::map(#decode(__d, __cx), Self)),
        quote!(#encode(&__leaf.0, __s)),
    )
}

/// Generates the code of a tuple struct, which uses the code of a tuple.
fn of_tuple(leaf: &Leaf, types: &[FieldType]) -> TokenStream {
    let field = quote!(#(#types,)*);
    let krate = &leaf.krate;
    let private = private(krate);
    let tuple = quote!(<(#field) as #private::Field>);
    let names = (0..types.len()).map(|i| format_ident!("__field_{i}"));
    let names: Vec<Ident> = names.collect();
    let indices = (0..types.len()).map(syn::Index::from);
    impl_field(
        leaf,
        generics(leaf, types),
        quote! {
            ::core::result::Result::map(
                #tuple::decode_field_alone(__d, __cx),
                |(#(#names,)*)| Self(#(#names,)*),
            )
        },
        quote! {
            let __tuple = (#(::core::clone::Clone::clone(&__leaf.#indices),)*);
            #tuple::encode_field_alone(&__tuple, __s)
        },
    )
}

/// Returns the generics of a leaf with fields of these types.
fn generics(leaf: &Leaf, types: &[FieldType]) -> Generics {
    let bounded = types
        .iter()
        .map(|ty| (ty, field::predicate(&leaf.krate, ty)));
    bounds::of_types(&leaf.generics, bounded)
}

/// Generates the code of an enum.
fn of_enum(leaf: &Leaf, variants: &Variants) -> TokenStream {
    let krate = &leaf.krate;
    let private = private(krate);
    let some = quote!(::core::option::Option::Some);
    let named: Vec<&Variant> = variants
        .known
        .iter()
        .filter(|variant| variant.other.is_none() && !variant.skip)
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
        Some((ident, Other::Text(ty))) => {
            quote!(#some(Self::#ident(<#ty as #private::leaf::Text>::keep(__text))))
        }
        Some((ident, Other::Nothing)) => quote!(#some(Self::#ident)),
        None => quote!(::core::option::Option::None),
    };
    let texts = variants.known.iter().map(|variant| {
        let (ident, name) = (&variant.ident, &variant.name);
        match &variant.other {
            Some(Other::Text(ty)) => {
                quote!(Self::#ident(__text) => <#ty as #private::leaf::Text>::kept(__text),)
            }
            _ => quote!(Self::#ident => #name,),
        }
    });
    // The errors of invalid variants are already reported.
    let others = (!variants.complete).then(|| quote!(_ => "",));
    let texts_of = other.iter().filter_map(|(_, other)| match other {
        Other::Text(ty) => Some((ty, quote!(#ty: #private::leaf::Text))),
        Other::Nothing => None,
    });
    impl_field(
        leaf,
        bounds::of_types(&leaf.generics, texts_of),
        quote! {
            #[allow(unreachable_patterns)]
            let __find = |__text: &#private::str| match __text {
                #(#found)*
                _ => #rest,
            };
            #private::leaf::decode_variant(__d, &[#(#names),*], __find)
        },
        quote! {
            let __text: &#private::str = match __leaf {
                #(#texts)*
                #others
            };
            #private::serde::Serializer::serialize_str(__s, __text)
        },
    )
}
