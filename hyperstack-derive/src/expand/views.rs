//! `FooViews`: an accessor for each view.

use super::bounds;
use crate::attr::view::Shape;
use crate::sdk::private;
use crate::tree::Views;
use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::ext::IdentExt;
use syn::{parse_quote, Generics, Ident};

fn views_ident(views: &Views) -> Ident {
    format_ident!("{}Views", views.ident.unraw())
}

/// Generates the struct. It has no bounds, so that naming it is never an error.
pub(super) fn definition(views: &Views) -> TokenStream {
    let (krate, vis, entity, allows) = (&views.krate, &views.vis, &views.ident, &views.allows);
    let private = private(krate);
    let ident = views_ident(views);
    let docs = format!(
        "Handles to the views of [`{entity}`].\n\n\
         Get them from `HyperStack::views::<{ident}>()`. A handle subscribes to its view when you read from it."
    );
    quote! {
        #[doc = #docs]
        #allows
        #[allow(deprecated, unused_qualifications)]
        #vis struct #ident {
            views: #private::ViewSource<#entity>,
        }
    }
}

/// Generates the impl of `Views` and the accessors.
pub(super) fn impls(views: &Views) -> TokenStream {
    let (krate, entity, vis) = (&views.krate, &views.ident, &views.vis);
    let private = private(krate);
    let ident = views_ident(views);
    let (text, name) = (ident.to_string(), &views.name);
    // If the entity is not valid, the derive `Entity` reports why.
    let valid = || parse_quote!(for<'__x> #entity: #private::Streamed<'__x>);
    let documented = |head, body| {
        let generics = Generics::default();
        bounds::documented(&generics, Some(valid()), &head, &body)
    };
    let accessors = views.views.iter().map(|view| {
        let id = match &view.id {
            Some(id) => id.value.value(),
            None => format!("{}/{}", views.name, view.name.unraw()),
        };
        let (handle, method, reads) = match view.shape {
            Shape::Single => (quote!(SingleView), quote!(single), "at most one row"),
            Shape::Collection => (
                quote!(WindowView),
                quote!(collection),
                "rows in the view's order",
            ),
            Shape::Keyed => (quote!(StateView), quote!(keyed), "single rows by key"),
        };
        let docs = format!("Returns a handle to the view `{id}`, which reads {reads}.");
        let name = &view.name;
        quote! {
            #[doc = #docs]
            #[must_use]
            #vis fn #name(&self) -> #krate::#handle<#entity> {
                #private::ViewSource::#method(&self.views, #id)
            }
        }
    });
    // A view of this name replaces the accessor, because v1 stacks can declare one.
    let append = (!views.views.iter().any(|view| view.name == "append")).then(|| {
        quote! {
            /// Returns a handle to the append view, which a v2 server usually keeps as a tape: read it with
            /// `append().tape()`.
            #[must_use]
            #vis fn append(&self) -> #krate::ListView<#entity> {
                #private::ViewSource::append(&self.views)
            }
        }
    });
    let views = documented(
        quote!(#krate::Views for #ident),
        quote! {
            type Entity = #entity;

            fn new(__source: #private::ViewSource<#entity>) -> Self {
                Self { views: __source }
            }
        },
    );
    let accessors = documented(
        quote!(#ident),
        quote! {
            /// Returns a handle that reads single rows by key.
            #[must_use]
            #vis fn state(&self) -> #krate::StateView<#entity> {
                #private::ViewSource::state(&self.views)
            }

            /// Returns a handle that reads all rows, the most recently changed first.
            #[must_use]
            #vis fn list(&self) -> #krate::ListView<#entity> {
                #private::ViewSource::list(&self.views)
            }

            #append

            #(#accessors)*
        },
    );
    quote! {
        #views
        #accessors

        impl #private::Viewed for #entity {
            type Views = #ident;

            fn views(__hyperstack: &#krate::HyperStack) -> #ident {
                #ident { views: #private::source(__hyperstack, #name) }
            }
        }

        #[automatically_derived]
        impl ::core::clone::Clone for #ident {
            fn clone(&self) -> Self {
                Self { views: ::core::clone::Clone::clone(&self.views) }
            }
        }

        #[automatically_derived]
        impl ::core::fmt::Debug for #ident {
            fn fmt(&self, __f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                let mut __f = ::core::fmt::Formatter::debug_struct(__f, #text);
                ::core::fmt::DebugStruct::finish_non_exhaustive(&mut __f)
            }
        }

        const _: fn() = || {
            fn __entity<__Entity: #private::KnownEntity>() {}
            let _ = __entity::<#entity>;
        };
    }
}
