//! The typed key of an entity. Its path leads through structs that other derives handle.

use super::bounds;
use crate::sdk::private;
use crate::tree::{Field, KeyPath, Record};
use proc_macro2::TokenStream;
use quote::{format_ident, quote, quote_spanned};
use syn::ext::IdentExt;
use syn::{parse_quote, Ident};

/// Generates `HasField` for each field, for key paths through this struct.
pub(super) fn fields(record: &Record) -> TokenStream {
    let fields = record.wired().filter(|field| !field.ty.no_key);
    fields.map(|field| has_field(record, field)).collect()
}

/// A type that may be private is used in a bound only. As the associated type it would have to be as public as the
/// struct.
fn has_field(record: &Record, field: &Field) -> TokenStream {
    let (krate, owner, ty) = (&record.krate, &record.ident, &field.ty);
    let private = private(krate);
    let (ident, number) = (&field.ident, number(&field.ident));
    let (_, arguments, _) = record.generics.split_for_impl();
    let mut generics = record.generics.clone();
    let (of, value) = if ty.public {
        (quote!(#ty), quote!(&self.#ident))
    } else {
        generics.params.push(parse_quote!(__Type));
        let is = quote!(for<'__x> #private::Is<'__x, Is = __Type>);
        let clause = generics.make_where_clause();
        clause.predicates.push(parse_quote!(#ty: #is));
        let value = quote!(<#ty as #private::Is<'_>>::is(&self.#ident));
        (quote!(__Type), value)
    };
    let params = bounds::with_lifetime(&generics, quote!('__f));
    let (_, _, clause) = generics.split_for_impl();
    quote! {
        impl #params #private::HasField<'__f, #number> for #owner #arguments #clause {
            type Type = #of;

            fn field(&self) -> &#of {
                #value
            }
        }
    }
}

/// Generates the impl of `Keyed` if there is a key.
pub(super) fn entity(record: &Record) -> TokenStream {
    let Some(key) = &record.key else {
        return TokenStream::new();
    };
    let mut fields = record.fields.iter();
    let Some(first) = fields.find(|field| key.starts_at(field)) else {
        return TokenStream::new();
    };
    let (keyed, checked) = (keyed(record, key, first), checked(record, key, first));
    quote!(#keyed #checked)
}

fn keyed(record: &Record, key: &KeyPath, first: &Field) -> TokenStream {
    let (krate, owner, ty, from) = (&record.krate, &record.ident, &first.ty, &first.ident);
    let private = private(krate);
    let (_, arguments, _) = record.generics.split_for_impl();
    let mut generics = bounds::row(record);
    let mut ty = quote!(#ty);
    let mut field = quote!(&self.#from);
    let mut step = |ty: &TokenStream, is: TokenStream, number: usize| {
        let next = format_ident!("__Next{number}");
        generics.params.push(parse_quote!(#next: 'static));
        let clause = generics.make_where_clause();
        clause
            .predicates
            .push(parse_quote!(#ty: for<'__x> #private::#is = #next>));
        quote!(#next)
    };
    for (number, name) in key.rest.iter().map(self::number).enumerate() {
        field = quote!(<#ty as #private::HasField<'_, #name>>::field(#field));
        ty = step(&ty, quote!(HasField<'__x, #name, Type), number);
    }
    if key.rest.is_empty() {
        field = quote!(<#ty as #private::Is<'_>>::is(#field));
        ty = step(&ty, quote!(Is<'__x, Is), 0);
    }
    let generics = bounds::with(generics, bounds::check(record));
    let generics = bounds::with(generics, Some(parse_quote!(#ty: #krate::Key)));
    let (params, _, clause) = generics.split_for_impl();
    let shown = shown(record, key, first);
    quote! {
        #[cfg(not(doc))]
        impl #params #krate::Keyed for #owner #arguments #clause {
            type Key = #ty;

            fn key(&self) -> &#ty {
                #field
            }
        }

        #shown
    }
}

/// Generates the impl of `Keyed` for rustdoc. It shows the key's path, because the bounds that find the key's type are
/// unreadable.
fn shown(record: &Record, key: &KeyPath, first: &Field) -> TokenStream {
    let (krate, owner, ty) = (&record.krate, &record.ident, &first.ty);
    let private = private(krate);
    let generics = bounds::row(record);
    let (params, arguments, clause) = generics.split_for_impl();
    let ty = if key.rest.is_empty() && ty.plain {
        quote!(#ty)
    } else {
        quote!(#private::KeyFieldType)
    };
    let docs = format!("The type of the field `{}`.", key.literal.value());
    quote! {
        #[cfg(doc)]
        impl #params #krate::Keyed for #owner #arguments #clause {
            #[doc = #docs]
            type Key = #ty;

            fn key(&self) -> &Self::Key {
                ::core::unimplemented!()
            }
        }
    }
}

/// Generates code that follows the path, so that the compiler reports errors in it. If the first field's type mentions
/// a type parameter, leaves out the checks of each step, because the parameter's type is unknown here.
fn checked(record: &Record, key: &KeyPath, first: &Field) -> TokenStream {
    let (krate, owner) = (&record.krate, &record.ident);
    let private = private(krate);
    let (params, arguments, clause) = record.generics.split_for_impl();
    let (at, from) = (key.literal.span(), &key.first);
    let generic = first.ty.generic;
    let step = |path: TokenStream| quote_spanned!(at=> __step(&#path));
    let mut path = quote_spanned!(at=> __entity.#from);
    for name in &key.rest {
        if !generic {
            let step = step(path);
            path = quote_spanned!(at=> (*#step.through()));
        }
        path = quote_spanned!(at=> #path.#name);
    }
    let end = if generic {
        quote_spanned!(at=> let _ = &#path;)
    } else {
        let step = step(path);
        quote_spanned!(at=> #step.end();)
    };
    quote_spanned! {at=>
        #[allow(unused_imports)]
        fn __key #params (__entity: &#owner #arguments) #clause {
            use #private::{step as __step, AnyStep as _};
            #end
        }
    }
}

/// Returns the number of a name, because a type parameter can be a number but not a string. It is the 128-bit FNV-1a
/// hash. If two names of a struct had the same hash, the impls would conflict and not compile.
fn number(name: &Ident) -> u128 {
    let start = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
    let name = name.unraw().to_string();
    name.bytes().fold(start, |hash: u128, byte| {
        (hash ^ u128::from(byte)).wrapping_mul(0x0100_0000_0000_0000_0000_013b)
    })
}
