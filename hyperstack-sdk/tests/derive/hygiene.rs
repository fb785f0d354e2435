//! Names that a user may have taken.

#![allow(non_camel_case_types, dead_code)]

use hyperstack_sdk as renamed;
use serde_json::json;

/// A module where much has another meaning.
pub mod shadowed {
    /// Not the standard one.
    #[derive(Clone, Debug, PartialEq)]
    pub(crate) struct Option;
    pub(crate) struct Result;
    pub(crate) struct Some;
    pub(crate) struct None;
    pub(crate) struct Ok;
    pub(crate) struct Err;
    pub(crate) struct Vec;
    pub(crate) struct String;
    pub(crate) trait Default {}
    pub(crate) trait Clone {}
    pub(crate) trait From {}
    pub(crate) mod core {}
    pub(crate) mod std {}

    /// Documented.
    #[derive(Clone, Debug, PartialEq, crate::hygiene::renamed::Entity)]
    #[entity(crate = crate::hygiene::renamed, key = "r#type")]
    pub struct Row {
        /// A raw identifier.
        pub r#type: u64,
        /// The real one.
        pub option: ::core::option::Option<u64>,
        #[allow(missing_docs)]
        pub undocumented: ::std::vec::Vec<u64>,
        /// A name that the expansion might use.
        pub patch: ::core::option::Option<u64>,
        /// Another.
        pub map: ::core::option::Option<u64>,
        /// Another.
        pub cx: ::core::option::Option<u64>,
        private: ::core::option::Option<Private>,
    }

    #[derive(Clone, Debug, PartialEq, crate::hygiene::renamed::Section)]
    struct Private {
        a: ::core::option::Option<u64>,
    }

    #[derive(Clone, Debug, PartialEq, crate::hygiene::renamed::Leaf)]
    #[leaf(crate = "crate::hygiene::renamed")]
    pub(crate) enum Leaf {
        A,
        #[leaf(other)]
        Other(::std::string::String),
    }
}

#[test]
fn an_expansion_minds_its_own_names() {
    let row: shadowed::Row = crate::value(json!({"type": 1, "patch": 2}));
    assert_eq!((row.r#type, row.patch), (1, Some(2)));
    let mut patch = shadowed::RowPatch::default();
    patch.r#type = Some(Some(1));
    assert_eq!(format!("{patch:?}"), "RowPatch { type: Some(1) }");
}

#[derive(Clone, Debug, PartialEq, renamed::Section)]
struct Row2<T> {
    a: Vec<T>,
    #[field(skip)]
    b: Vec<u8>,
}
