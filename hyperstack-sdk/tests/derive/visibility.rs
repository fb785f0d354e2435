//! Generated types are as visible as their struct, and their fields as its fields.

use crate::value;
use hyperstack_sdk::{Patch, Patchable};
use serde_json::json;

mod outer {
    pub(crate) mod inner {
        use hyperstack_sdk::{Entity, Leaf, Section};

        #[derive(Clone, Debug, PartialEq, Entity)]
        #[entity(key(number: u64))]
        pub(crate) struct OfCrate {
            pub(crate) number: u64,
            pub(super) of_super: Option<OfSuper>,
            private: Option<Private>,
        }

        #[derive(Clone, Debug, PartialEq, Section)]
        pub(super) struct OfSuper {
            pub(super) number: Option<u64>,
            pub(in crate::visibility) of_path: OfPath,
        }

        #[derive(Clone, Debug, PartialEq, Section)]
        pub(in crate::visibility) struct OfPath {
            pub(in crate::visibility) number: Option<u64>,
            list: Vec<Private>,
        }

        #[derive(Clone, Debug, PartialEq, Section)]
        struct Private {
            leaf: Leaves,
        }

        #[derive(Clone, Debug, PartialEq, Leaf)]
        struct Leaves(u64);

        /// A private field of a patch can be set where it can be seen.
        pub(crate) fn private(leaf: u64) -> OfCratePatch {
            OfCratePatch {
                private: Some(Some(PrivatePatch {
                    leaf: Some(Some(Leaves(leaf))),
                })),
                ..OfCratePatch::default()
            }
        }

        pub(crate) fn leaf(row: &OfCrate) -> Option<u64> {
            row.private.as_ref().map(|private| private.leaf.0)
        }
    }

    /// A `pub(super)` field can be set one module further out.
    pub(crate) fn of_super(number: u64) -> inner::OfCratePatch {
        let section = inner::OfSuperPatch {
            number: Some(Some(number)),
            of_path: Some(Some(super::of_path(number))),
        };
        let mut patch = inner::OfCratePatch::default();
        patch.of_super = Some(Some(section));
        patch
    }

    pub(crate) fn numbers(row: &inner::OfCrate) -> Option<[Option<u64>; 2]> {
        let section = row.of_super.as_ref()?;
        Some([section.number, super::number(&section.of_path)])
    }
}

fn of_path(number: u64) -> outer::inner::OfPathPatch {
    let mut patch = outer::inner::OfPathPatch::default();
    patch.number = Some(Some(number));
    patch
}

fn number(section: &outer::inner::OfPath) -> Option<u64> {
    section.number
}

#[test]
fn patches_are_filled_where_their_structs_are_seen() {
    let mut row: outer::inner::OfCrate = value(json!({"number": 1}));
    let patch = outer::of_super(2).then(outer::inner::private(3));
    row.apply(patch).unwrap();
    assert_eq!(row.number, 1);
    assert_eq!(outer::numbers(&row), Some([Some(2), Some(2)]));
    assert_eq!(outer::inner::leaf(&row), Some(3));
    let _: outer::inner::OfCrateEntity;
}
