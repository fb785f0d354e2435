//! The code of the derive `Leaf`.

use super::field::{self, item};
use super::{bounds, patch, record, slots};
use crate::sdk::private;
use crate::tree::{FieldType, Leaf, LeafShape, Other, Payload, Record, Variant, Variants};
use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote};
use syn::ext::IdentExt;
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
    let build = record::built(inside, &quote!(Self));
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
    let names: Vec<Ident> = bindings(types.len()).collect();
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
    let (krate, ident) = (&leaf.krate, &leaf.ident);
    let private = private(krate);
    let (some, none) = (
        quote!(::core::option::Option::Some),
        quote!(::core::option::Option::None),
    );
    let decoded = |variant: &&Variant| variant.other.is_none() && !variant.skip;
    let known = variants.known.iter().filter(decoded);
    let (with_data, plain): (Vec<_>, Vec<_>) = known.partition(|v| v.payload.is_some());
    let names = plain.iter().map(|variant| &variant.name);
    let payload_names = with_data.iter().map(|variant| &variant.name);
    let named = plain.iter().map(|variant| {
        let (ident, name, aliases) = (&variant.ident, &variant.name, &variant.aliases);
        quote!(#name #(| #aliases)* => #some(Self::#ident),)
    });
    let payloads = with_data.iter().map(|variant| {
        let (name, aliases) = (&variant.name, &variant.aliases);
        let decoded = decoded_payload(leaf, variant);
        quote!(#name #(| #aliases)* => #some(#decoded),)
    });
    let other = variants.known.iter();
    let other = other.filter_map(|variant| Some((&variant.ident, variant.other.as_ref()?)));
    let other: Vec<_> = other.collect();
    let (keeps, text, json) = match other.first() {
        Some((ident, Other::Kept(ty))) => {
            let other = quote!(<#ty as #private::leaf::Other>);
            (
                quote!(#other::KEEPS_JSON),
                quote!(#some(Self::#ident(#other::keep(__name)))),
                quote!(::core::option::Option::map(#other::keep_json(__json), Self::#ident)),
            )
        }
        Some((ident, Other::Nothing)) => (
            quote!(false),
            quote!(#some(Self::#ident)),
            // A plain enum reports JSON that is not text.
            match with_data.as_slice() {
                [] => none.clone(),
                _ => quote!(#some(Self::#ident)),
            },
        ),
        None => (quote!(false), none.clone(), none.clone()),
    };
    let encoded = variants.known.iter().map(|variant| encoded(leaf, variant));
    // The errors of invalid variants are already reported.
    let others = (!variants.complete)
        .then(|| quote!(_ => #private::serde::Serializer::serialize_unit(__s),));
    let generics = enum_generics(leaf, variants);
    let hidden = variants.known.iter().filter_map(|variant| {
        let inside = fields(variant)?;
        let name = hidden_ident(variant);
        let (definition, slots) = (patch::hidden(inside, &name), slots::impls(inside, &name));
        Some(quote!(#definition #slots))
    });
    let bounded = bounds::with(bounds::value(generics.clone(), leaf), bounds::check(leaf));
    let (params, arguments, clause) = bounded.split_for_impl();
    let field = impl_field(
        leaf,
        generics,
        quote!(#private::leaf::decode_variant::<Self, _>(__d, __cx)),
        quote! {
            match __leaf {
                #(#encoded)*
                #others
            }
        },
    );
    quote! {
        #(#hidden)*

        #[automatically_derived]
        impl #params #private::leaf::Variants for #ident #arguments #clause {
            const NAMES: &'static [&'static #private::str] = &[#(#names),*];
            const PAYLOADS: &'static [&'static #private::str] = &[#(#payload_names),*];
            const KEEPS_JSON: #private::bool = #keeps;

            #[allow(unreachable_patterns)]
            fn named(__name: &#private::str) -> ::core::option::Option<Self> {
                match __name {
                    #(#named)*
                    _ => #none,
                }
            }

            #[allow(unreachable_patterns)]
            fn payload<'de, __MapAccess: #private::serde::de::MapAccess<'de>>(
                __name: &#private::str,
                __map: &mut __MapAccess,
                __cx: &mut #private::Context<'_>,
            ) -> ::core::option::Option<::core::result::Result<Self, __MapAccess::Error>> {
                let _ = (&__map, &__cx);
                match __name {
                    #(#payloads)*
                    _ => #none,
                }
            }

            fn other(__name: &#private::str) -> ::core::option::Option<Self> {
                let _ = __name;
                #text
            }

            fn other_json(__json: #private::Json) -> ::core::option::Option<Self> {
                let _ = &__json;
                #json
            }
        }

        #field
    }
}

/// Returns the generics of an enum, with the bounds of all that its variants hold.
fn enum_generics(leaf: &Leaf, variants: &Variants) -> Generics {
    let krate = &leaf.krate;
    let private = private(krate);
    let mut bounded = Vec::new();
    for variant in &variants.known {
        match (&variant.payload, &variant.other) {
            (_, Some(Other::Kept(ty))) => {
                bounded.push((ty, quote!(#ty: #private::leaf::Other)));
            }
            (Some(Payload::Newtype(ty)), _) => bounded.push((ty, field::predicate(krate, ty))),
            (Some(Payload::Tuple(types)), _) => {
                bounded.extend(types.iter().map(|ty| (ty, field::predicate(krate, ty))));
            }
            (Some(Payload::Record(inside)), _) => {
                let types = inside.wired().map(|inner| &inner.ty);
                bounded.extend(types.map(|ty| (ty, field::predicate(krate, ty))));
            }
            (None, _) => {}
        }
    }
    bounds::of_types(&leaf.generics, bounded.into_iter())
}

/// Returns the named fields of a variant.
fn fields(variant: &Variant) -> Option<&Record> {
    match &variant.payload {
        Some(Payload::Record(inside)) => Some(inside),
        _ => None,
    }
}

/// Returns the name of the hidden struct of slots of a variant with named fields.
fn hidden_ident(variant: &Variant) -> Ident {
    format_ident!("__{}Fields", variant.ident.unraw())
}

/// Generates the decoder of a variant's data. Uses `__map` and `__cx`.
fn decoded_payload(leaf: &Leaf, variant: &Variant) -> TokenStream {
    let (krate, ident) = (&leaf.krate, &variant.ident);
    let private = private(krate);
    match &variant.payload {
        Some(Payload::Newtype(ty)) => {
            let read = item(krate, ty, "read_payload");
            quote!(::core::result::Result::map(#read(__map, __cx), Self::#ident))
        }
        Some(Payload::Tuple(types)) => {
            let names: Vec<Ident> = bindings(types.len()).collect();
            quote! {
                ::core::result::Result::map(
                    <(#(#types,)*) as #private::Field>::read_payload(__map, __cx),
                    |(#(#names,)*)| Self::#ident(#(#names,)*),
                )
            }
        }
        Some(Payload::Record(inside)) => {
            let hidden = hidden_ident(variant);
            let build = record::built(inside, &quote!(Self::#ident));
            let (_, arguments, _) = inside.generics.split_for_impl();
            quote! {
                #private::leaf::read_fields(__map, __cx, |__patch: &mut #hidden #arguments| {
                    let _ = &__patch;
                    ::core::result::Result::Ok(#build)
                })
            }
        }
        None => quote!(::core::result::Result::Ok(Self::#ident)),
    }
}

/// Generates the arm that encodes a variant. Uses `__s`.
fn encoded(leaf: &Leaf, variant: &Variant) -> TokenStream {
    let (krate, ident, name) = (&leaf.krate, &variant.ident, &variant.name);
    let private = private(krate);
    match (&variant.payload, &variant.other) {
        (_, Some(Other::Kept(ty))) => {
            quote!(Self::#ident(__other) => <#ty as #private::leaf::Other>::encode(__other, __s),)
        }
        (Some(Payload::Newtype(ty)), _) => {
            let write = item(krate, ty, "write_payload");
            quote!(Self::#ident(__payload) => #write(#name, __payload, __s),)
        }
        (Some(Payload::Tuple(types)), _) => {
            let names: Vec<Ident> = bindings(types.len()).collect();
            quote! {
                Self::#ident(#(#names,)*) => {
                    let __tuple = (#(::core::clone::Clone::clone(#names),)*);
                    <(#(#types,)*) as #private::Field>::write_payload(#name, &__tuple, __s)
                }
            }
        }
        (Some(Payload::Record(inside)), _) => {
            let hidden = hidden_ident(variant);
            let binding = |ident: &Ident| format_ident!("__field_{}", ident.unraw());
            let fields = inside.wired().map(|inner| {
                let (ident, binding) = (&inner.ident, binding(&inner.ident));
                quote!(#ident: #binding)
            });
            let whole = record::each(inside, |inner| {
                let whole = item(krate, &inner.ty, "whole_field");
                let binding = binding(&inner.ident);
                quote!(#whole(#binding))
            });
            let (_, arguments, _) = inside.generics.split_for_impl();
            quote! {
                Self::#ident { #(#fields,)* .. } => {
                    let __fields: #hidden #arguments = #hidden { #whole };
                    #private::leaf::write_fields(#name, &__fields, __s)
                }
            }
        }
        (None, _) => quote! {
            Self::#ident => #private::serde::Serializer::serialize_str(__s, #name),
        },
    }
}

/// Returns names for the fields of a tuple.
fn bindings(count: usize) -> impl Iterator<Item = Ident> {
    (0..count).map(|i| format_ident!("__field_{i}"))
}
