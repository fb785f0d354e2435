//! The laws of patches, over many shapes of structs.
//!
//! A shape is a struct and a line that names its fields: see [`shapes`]. The types of the fields determine
//! the form of its values and patches on the wire, see [`kind`]. The laws are in [`laws`], and the server's
//! merge in [`merge`].
#![deny(warnings, rust_2018_idioms, unreachable_pub)]

mod kind;
mod laws;
mod merge;
mod shapes;

macro_rules! laws_hold {
    ($($test:ident: $shape:ident,)*) => {$(
        #[test]
        fn $test() {
            laws::hold::<shapes::$shape>();
        }
    )*};
}

laws_hold! {
    scalars: Scalars,
    signed_integers: Signed,
    options: Options,
    options_of_options: Nullables,
    sections: Sections,
    nested_sections: Nested,
    lists: Lists,
    append_lists: Appended,
    maps: Maps,
    maps_by_key: Keys,
    maps_of_sections: SectionMaps,
    leaves: Leaves,
    sets: Sets,
    tuples_and_arrays: Fixed,
    raw_json: Raw,
    generics: Generic,
    names_and_defaults: Renamed,
}
