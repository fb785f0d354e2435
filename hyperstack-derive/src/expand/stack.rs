//! `FooClient`: a connection with the views of each entity.

use crate::sdk::private;
use crate::tree::Stack;
use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::ext::IdentExt;
use syn::Ident;

fn client_ident(stack: &Stack) -> Ident {
    format_ident!("{}Client", stack.ident.unraw())
}

/// Returns the place where the entities are listed. All generated code has this span, so that the compiler reports an
/// entity without views there, and only once.
fn place(stack: &Stack) -> Span {
    let place = stack.place.clone().into_iter().next();
    let here = Span::call_site();
    place.map_or(here, |token| here.located_at(token.span()))
}

/// Generates the struct.
pub(super) fn definition(stack: &Stack) -> TokenStream {
    let (krate, vis, client) = (&stack.krate, &stack.vis, client_ident(stack));
    let private = private(krate);
    let allows = &stack.allows;
    let docs = format!(
        "A connection to the stack `{}` with the views of its entities. Cheap to clone.",
        stack.name
    );
    let at = place(stack);
    let fields = stack.members.iter().map(|member| {
        let (entity, field) = (&member.entity, &member.field);
        let name = entity.segments.last().map(|segment| &segment.ident);
        let docs = format!("The views of `{}`.", quote!(#name));
        quote_spanned! {at=>
            #[cfg(not(doc))]
            #[doc = #docs]
            #vis #field: <#entity as #private::Viewed>::Views,
            #[cfg(doc)]
            #[doc = #docs]
            #vis #field: #krate::ViewsOf<#entity>
        }
    });
    quote_spanned! {at=>
        #[doc = #docs]
        #allows
        #[allow(dead_code, deprecated, private_interfaces, unused_qualifications)]
        #[allow(clippy::partial_pub_fields)]
        #vis struct #client {
            #(#fields,)*
            __hyperstack: #krate::HyperStack,
        }
    }
}

/// Generates the functions that connect, and the impls of the client.
pub(super) fn impls(stack: &Stack) -> TokenStream {
    let (krate, vis, ident, name) = (&stack.krate, &stack.vis, &stack.ident, &stack.name);
    let private = private(krate);
    let client = client_ident(stack);
    let text = client.to_string();
    let result = quote!(::core::result::Result<#client, #krate::ConnectError>);
    let at = place(stack);
    let fields = stack.members.iter().map(|member| {
        let (entity, mut field) = (&member.entity, member.field.clone());
        field.set_span(at);
        quote_spanned! {at=>
            #field: <#entity as #private::Viewed>::views(&__hyperstack)
        }
    });
    let at_url = stack.url.as_ref().map(|url| {
        quote_spanned! {at=>
            /// The server's URL.
            #vis const URL: &'static #private::str = #url;

            /// Connects to [`URL`](Self::URL) with the default settings.
            ///
            /// # Errors
            ///
            /// If connecting fails. See `ConnectError`.
            #vis async fn connect() -> #result {
                Self::connect_to(Self::URL).await
            }
        }
    });
    let release = stack.release.as_ref().map(|(hash, alias)| {
        quote_spanned! {at=>
            /// The hash of the stack's manifest. Token requests contain it.
            #vis const MANIFEST_HASH: &'static #private::str = #hash;

            /// The alias of the live deployment in the manifest. Token requests contain it.
            #vis const LIVE_ALIAS: &'static #private::str = #alias;
        }
    });
    let protocol = stack.protocol.as_ref().map(|version| {
        quote_spanned! {at=>
            /// The protocol version of the stack's servers.
            #vis const PROTOCOL: #krate::Protocol = #krate::Protocol::#version;
        }
    });
    let builder = quote!(#krate::HyperStack::builder());
    let builder = match &stack.release {
        Some(_) => quote! {
            #krate::HyperStackBuilder::release_of_stack(
                #builder,
                Self::MANIFEST_HASH,
                Self::LIVE_ALIAS,
            )
        },
        None => builder,
    };
    let (settings, builder) = match &stack.url {
        Some(_) => (
            "Returns a builder with [`URL`](Self::URL), for custom settings.",
            quote!(#krate::HyperStackBuilder::url(#builder, Self::URL)),
        ),
        None => (
            "Returns a builder for custom settings. Set the URL before connecting.",
            builder,
        ),
    };
    let settings = format!("{settings} Pass the connection to `{client}::new`.");
    let over = format!(
        "Creates the client from a connection: `{client}::new({ident}::builder().connect().await?)`."
    );
    quote_spanned! {at=>
        #[allow(dead_code)]
        impl #ident {
            /// The stack's name.
            #vis const NAME: &'static #private::str = #name;

            #release

            #protocol

            #at_url

            /// Connects to a server at this URL with the default settings.
            ///
            /// # Errors
            ///
            /// If connecting fails. See `ConnectError`.
            #vis async fn connect_to(
                __url: impl ::core::convert::Into<#private::String>,
            ) -> #result {
                let __builder = #krate::HyperStackBuilder::url(Self::builder(), __url);
                let __hyperstack = #krate::HyperStackBuilder::connect(__builder).await?;
                ::core::result::Result::Ok(#client::new(__hyperstack))
            }

            #[doc = #settings]
            #vis fn builder() -> #krate::HyperStackBuilder {
                #builder
            }
        }

        #[automatically_derived]
        impl ::core::clone::Clone for #client {
            fn clone(&self) -> Self {
                Self::new(::core::clone::Clone::clone(&self.__hyperstack))
            }
        }

        #[automatically_derived]
        impl ::core::fmt::Debug for #client {
            fn fmt(&self, __f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                let mut __f = ::core::fmt::Formatter::debug_struct(__f, #text);
                ::core::fmt::DebugStruct::field(&mut __f, "hyperstack", &self.__hyperstack);
                ::core::fmt::DebugStruct::finish_non_exhaustive(&mut __f)
            }
        }

        #[allow(dead_code)]
        impl #client {
            #[doc = #over]
            #[must_use]
            #vis fn new(__hyperstack: #krate::HyperStack) -> Self {
                Self { #(#fields,)* __hyperstack }
            }

            /// Returns the connection.
            #[must_use]
            #vis fn hyperstack(&self) -> &#krate::HyperStack {
                &self.__hyperstack
            }
        }
    }
}
