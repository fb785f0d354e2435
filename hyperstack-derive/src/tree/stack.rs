//! A stack: the entities of one server.

use crate::attr::stack::StackAttrs;
use crate::attr::{allows, Set};
use crate::case;
use crate::check;
use crate::errors::Errors;
use proc_macro2::{Span, TokenStream};
use syn::ext::IdentExt;
use syn::{DeriveInput, Ident, LitStr, Path, Visibility};

/// A struct that derives `Stack`.
pub(crate) struct Stack {
    pub(crate) ident: Ident,
    pub(crate) vis: Visibility,
    /// The item's `allow` attributes.
    pub(crate) allows: TokenStream,
    /// The path to the SDK.
    pub(crate) krate: TokenStream,
    pub(crate) name: String,
    pub(crate) url: Option<LitStr>,
    /// The hash of the stack's manifest, and the alias of a live deployment in it.
    pub(crate) release: Option<(LitStr, LitStr)>,
    /// The variant of the SDK's `Protocol`.
    pub(crate) protocol: Option<Ident>,
    pub(crate) members: Vec<Member>,
    /// The tokens of the key `entities`.
    pub(crate) place: TokenStream,
}

/// An entity of a stack.
pub(crate) struct Member {
    pub(crate) entity: Path,
    /// The field with its views.
    pub(crate) field: Ident,
}

impl Stack {
    /// Parses a struct that derives `Stack`.
    pub(crate) fn parse(input: DeriveInput, errors: &mut Errors) -> Option<Self> {
        check::unit(&input, errors)?;
        let attrs = StackAttrs::parse(&input, errors);
        let url = attrs.url.map(|set| set.value);
        check::url(url.as_ref(), errors);
        let release = check::release(attrs.manifest_hash, attrs.live_alias, errors);
        // After an error, set a URL, so that calls of `connect()` cause no further errors.
        let url = url.or_else(|| (errors.count() > 0).then(|| LitStr::new("", Span::call_site())));
        let members = attrs.entities.into_iter().filter_map(Member::new).collect();
        let name = match attrs.name {
            Some(Set { value, .. }) => value.value(),
            None => input.ident.unraw().to_string(),
        };
        Some(Self {
            members: check::members(members, errors),
            ident: input.ident,
            vis: input.vis,
            allows: allows(&input.attrs),
            krate: attrs.krate,
            place: attrs.place,
            protocol: attrs.protocol,
            name,
            url,
            release,
        })
    }
}

impl Member {
    fn new(entity: Path) -> Option<Self> {
        let last = &entity.segments.last()?.ident;
        let name = case::snake(&last.unraw().to_string());
        let parsed = syn::parse_str::<Ident>(&name);
        // `r#type` is a valid name, but `r#self` is not.
        let parsed = parsed.or_else(|_| syn::parse_str(&format!("r#{name}")));
        let mut field = parsed
            .or_else(|_| syn::parse_str(&format!("{name}_")))
            .ok()?;
        field.set_span(last.span());
        Some(Self { entity, field })
    }
}
