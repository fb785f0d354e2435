//! Constants, statics, unit structs and functions named like locals of an expansion. None of them becomes a
//! pattern, and a default reaches them.

/// A module for each name, with an item of that name and every shape.
macro_rules! taken {
    ($($item:item)*) => {
        $(#[expect(dead_code, reason = "the name is what matters")] $item)*

        /// An entity.
        #[derive(Clone, Debug, PartialEq, Eq, sdk::Entity, sdk::Views)]
        #[entity(crate = sdk, key(a: u64))]
        #[view(latest, single)]
        pub struct Round {
            /// A number.
            pub a: u64,
            /// A list.
            #[field(append(max = 2))]
            pub b: Vec<u64>,
            /// With a default.
            #[field(default = 3)]
            pub c: u64,
            /// Names.
            pub closed: Closed,
            /// Names, and every other one.
            pub open: Open,
            /// A leaf without names.
            pub pair: Pair,
            /// A newtype.
            pub newtype: Newtype,
            /// A leaf with named fields.
            pub point: Point,
        }

        /// A closed enum.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, sdk::Leaf)]
        #[leaf(crate = sdk)]
        pub enum Closed {
            /// Known.
            A,
        }

        /// An open enum.
        #[derive(Clone, Debug, PartialEq, Eq, sdk::Leaf)]
        #[leaf(crate = sdk)]
        pub enum Open {
            /// Known.
            A,
            /// Anything else.
            #[leaf(other)]
            B(String),
        }

        /// A tuple.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, sdk::Leaf)]
        #[leaf(crate = sdk)]
        pub struct Pair(pub u64, pub u64);

        /// A newtype.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, sdk::Leaf)]
        #[leaf(crate = sdk)]
        pub struct Newtype(pub u64);

        /// A struct.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, sdk::Leaf)]
        #[leaf(crate = sdk)]
        pub struct Point {
            /// A number.
            pub x: u64,
        }

        /// A stack.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, sdk::Stack)]
        #[stack(crate = sdk, url = "wss://x.example", entities(Round))]
        pub struct Ore;
    };
}

/// Calls another macro with the names that are locals today.
macro_rules! names {
    ($macro:ident) => {
        $macro! {
            base changed cx d deserializer f field_0 fields find first hyperstack later map merged
            name number other patch s second serializer source text tuple url value
        }
    };
}

/// Constants of these names.
#[expect(non_upper_case_globals, reason = "the names are what matters")]
pub mod constants {
    /// All of them.
    macro_rules! constants {
        ($($name:ident)*) => { taken! { $(const $name: u8 = 1;)* } };
    }

    names! { constants }
}

/// Statics of these names.
#[expect(non_upper_case_globals, reason = "the names are what matters")]
pub mod statics {
    /// All of them.
    macro_rules! statics {
        ($($name:ident)*) => { taken! { $(static $name: u8 = 1;)* } };
    }

    names! { statics }
}

/// Functions of these names, each the default of a field.
pub mod functions {
    use serde::{Deserialize, Serialize};

    /// All of them.
    macro_rules! functions {
        ($($name:ident)*) => {
            $(
                /// A default.
                const fn $name() -> u64 {
                    1
                }
            )*

            /// A section.
            #[derive(Clone, Copy, Debug, PartialEq, Eq, sdk::Section)]
            #[section(crate = sdk)]
            pub struct Defaults {$(
                /// With a default.
                #[field(default = $name())]
                pub $name: u64,
            )*}
        };
    }

    names! { functions }

    /// The same with serde's attributes.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, sdk::Section)]
    #[section(crate = sdk)]
    pub struct ToldSerde {
        /// By a function that is called as a local.
        #[serde(default = "value")]
        pub value: u64,
        /// By another.
        #[serde(default = "patch")]
        pub patch: u64,
        /// By a path with a type in angle brackets, as serde reads it too.
        #[serde(default = "<u64 as Default>::default")]
        pub angled: u64,
    }
}
