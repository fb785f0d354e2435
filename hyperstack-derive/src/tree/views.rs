//! The views of an entity.

use crate::attr::container::ContainerAttrs;
use crate::attr::view::View;
use crate::attr::{allows, misplaced};
use crate::check;
use crate::errors::Errors;
use proc_macro2::TokenStream;
use syn::ext::IdentExt;
use syn::{Data, DeriveInput, Ident, Visibility};

/// A struct that derives `Views`.
pub(crate) struct Views {
    /// The entity.
    pub(crate) ident: Ident,
    pub(crate) vis: Visibility,
    /// The item's `allow` attributes.
    pub(crate) allows: TokenStream,
    /// The path to the SDK.
    pub(crate) krate: TokenStream,
    /// The entity's name on the wire.
    pub(crate) name: String,
    pub(crate) views: Vec<View>,
}

impl Views {
    /// Parses a struct that derives `Views`.
    pub(crate) fn parse(input: DeriveInput, errors: &mut Errors) -> Option<Self> {
        // The derive `Entity` reports the errors in its own attributes.
        let keys = ["name", "key", "rename_all", "crate"];
        let attrs = ContainerAttrs::parse(&input, "entity", &keys, &mut Errors::default());
        if !input.generics.params.is_empty() {
            errors.at(
                &input.generics.params,
                "`Views` does not support generic parameters",
            );
            return None;
        }
        if let Data::Struct(data) = &input.data {
            for field in &data.fields {
                misplaced(&field.attrs, "view", "move it to the struct", errors);
            }
        }
        let ours = input
            .attrs
            .iter()
            .filter(|attr| attr.path().is_ident("view"));
        let views: Vec<View> = ours.filter_map(|attr| View::parse(attr, errors)).collect();
        let name = match attrs.name {
            Some(name) => name.value.value(),
            None => input.ident.unraw().to_string(),
        };
        let views = check::views(views, &name, errors);
        Some(Self {
            name,
            ident: input.ident,
            vis: input.vis,
            allows: allows(&input.attrs),
            krate: attrs.krate,
            views,
        })
    }
}
