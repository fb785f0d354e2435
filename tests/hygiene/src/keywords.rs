//! Fields and variants named like keywords, or like locals of an expansion.

use sdk::{Entity, Leaf, Section};

/// A struct with fields of these names.
macro_rules! fields {
    ($derive:ident $place:ident $name:ident { $($field:ident)* }) => {
        #[doc = "Fields."]
        #[derive(Clone, Copy, Debug, PartialEq, Eq, $derive)]
        #[$place(crate = sdk)]
        pub struct $name {$(
            #[doc = "A field."]
            pub $field: Option<u64>,
        )*}
    };
}

fields! { Entity entity Keywords {
    r#as r#async r#await r#box r#break r#const r#do r#dyn r#enum r#fn r#for r#gen r#impl r#in r#let
    r#loop r#match r#mod r#move r#mut r#priv r#pub r#ref r#static r#struct r#trait r#try r#type
    r#typeof r#unsafe r#use r#virtual r#where r#while r#yield auto default union
} }

fields! { Section section Locals {
    base changed cx d deserializer f field fields find first hyperstack key later map merged name
    number other patch s second self_ serializer source text tuple url value views
} }

fields! { Leaf leaf LeafLocals {
    base changed cx d deserializer f field fields find first hyperstack key later map merged name
    number other patch s second self_ serializer source text tuple url value views
} }

fields! { Section section Methods {
    apply build check clone decode diff encode eq fmt from_patch is_empty merge then try_from whole
} }

/// Variants called as keywords are.
#[expect(non_camel_case_types, reason = "the names are what matters")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Leaf)]
#[leaf(crate = sdk)]
pub enum Variants {
    /// A keyword.
    r#type,
    /// A keyword.
    r#async,
    /// No keyword, but nearly.
    Self_,
}
