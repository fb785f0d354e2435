//! The laws of patches, over many shapes of structs.
//!
//! A shape is a struct and a line that names its fields: see [`shapes`]. What its values and patches
//! look like on the wire follows from the types of the fields, see [`kind`]; the laws are in
//! [`laws`], and what the server does in [`merge`].
#![deny(warnings, rust_2018_idioms, unreachable_pub)]

mod kind;
mod laws;
mod merge;
mod shapes;

macro_rules! laws {
    ($($shape:ident)*) => {$(
        #[allow(non_snake_case)]
        mod $shape {
            use crate::{laws, shapes};

            #[test]
            fn a_difference_leads_to_what_a_patch_can_say() {
                laws::diff::<shapes::$shape>();
            }

            #[test]
            fn then_is_one_after_the_other() {
                laws::then::<shapes::$shape>();
            }

            #[test]
            fn then_is_associative() {
                laws::associative::<shapes::$shape>();
            }

            #[test]
            fn what_is_written_is_read_back() {
                laws::written::<shapes::$shape>();
            }

            #[test]
            fn the_typed_merge_is_the_servers() {
                laws::server::<shapes::$shape>();
            }

            #[test]
            fn apply_is_all_or_nothing() {
                laws::atomic::<shapes::$shape>();
            }
        }
    )*};
}

laws! {
    Scalars Signed Options Nullables Sections Nested Lists Appended Maps Keys SectionMaps
    Leaves Sets Fixed Raw Generic Renamed
}
