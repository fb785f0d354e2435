//! Parameters of every name that an expansion might give to its own.

use std::marker::PhantomData;

/// A module for each name, with every shape that takes a parameter.
macro_rules! named {
    ($($module:ident $name:ident $constant:ident;)*) => {$(
        #[doc = "Structs with one parameter of a name."]
        pub mod $module {
            use super::PhantomData;

            /// An entity that is keyed by its parameter.
            #[derive(Clone, Debug, PartialEq, Eq, sdk::Entity)]
            #[entity(crate = sdk, key(key: $name))]
            pub struct Keyed<$name> {
                /// The key.
                pub key: $name,
                /// A section.
                pub section: Sections<$name>,
            }

            /// An entity that is keyed in a section.
            #[derive(Clone, Debug, PartialEq, Eq, sdk::Entity)]
            #[entity(crate = sdk, key(section.one: $name))]
            pub struct KeyedInside<$name> {
                /// The section.
                pub section: Sections<$name>,
            }

            /// A section.
            #[derive(Clone, Debug, PartialEq, Eq, sdk::Section)]
            #[section(crate = sdk)]
            pub struct Sections<$name> {
                /// A value.
                pub one: $name,
                /// Some values.
                #[field(append(max = 2))]
                pub list: Vec<$name>,
                /// Maybe a value.
                #[field(default)]
                pub maybe: Option<$name>,
                /// A value by its serde impls.
                #[field(serde)]
                pub foreign: Option<$name>,
            }

            /// A section that has the parameter off the wire.
            #[derive(Clone, Debug, PartialEq, Eq, sdk::Section)]
            #[section(crate = sdk)]
            pub struct OffTheWire<$name> {
                /// A number.
                pub number: u64,
                /// What mentions the parameter.
                #[field(skip)]
                pub tag: PhantomData<$name>,
            }

            /// A leaf with named fields.
            #[derive(Clone, Copy, Debug, PartialEq, Eq, sdk::Leaf)]
            #[leaf(crate = sdk)]
            pub struct Point<$name> {
                /// A value.
                pub x: $name,
            }

            /// A tuple.
            #[derive(Clone, Copy, Debug, PartialEq, Eq, sdk::Leaf)]
            #[leaf(crate = sdk)]
            pub struct Pair<$name>(pub u64, pub $name);

            /// A newtype.
            #[derive(Clone, Copy, Debug, PartialEq, Eq, sdk::Leaf)]
            #[leaf(crate = sdk)]
            pub struct Newtype<$name>(pub $name);

            /// A constant of that name.
            #[derive(Clone, Copy, Debug, PartialEq, Eq, sdk::Section)]
            #[section(crate = sdk)]
            pub struct Constant<const $constant: usize> {
                /// As many bytes.
                pub bytes: [u8; $constant],
            }
        }
    )*};
}

named! {
    a A A;
    d D D;
    e E E;
    f F F;
    k K K;
    m M M;
    n N N;
    s S S;
    t T T;
    v V V;
    x X X;
    entity Entity ENTITY;
    error Error ERROR;
    fields Fields FIELDS;
    is Is IS;
    patch Patch PATCH;
    record Record RECORD;
    rule Rule RULE;
}

/// Parameters with all that can be said about them.
#[derive(Clone, Debug, PartialEq, Eq, sdk::Section)]
#[section(crate = sdk)]
pub struct Bounded<
    T: Clone + Eq,
    U = u64,
    const N: usize = 2,
    const FLAG: bool = true,
    const LETTER: char = 'x',
> where
    U: Eq,
    [T; N]: Clone,
    for<'any> &'any U: PartialEq<&'any U>,
{
    /// Some.
    pub list: Vec<T>,
    /// As many as the constant says.
    pub array: [T; N],
    /// Of the parameter with a default.
    pub one: Option<U>,
}
