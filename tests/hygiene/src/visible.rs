//! Every visibility, around types that are less visible.

#![expect(dead_code, reason = "that the types may be named is what matters")]

/// The path of `pub(in ..)`.
pub mod outer {
    /// Where the structs are.
    pub mod inner {
        use sdk::{Entity, Key, Leaf, Section, Stack, Views};
        use std::borrow::Cow;
        use std::fmt;

        /// Public, around all the others.
        #[derive(Clone, Debug, PartialEq, Entity, Views)]
        #[entity(crate = sdk, key(key: Private))]
        #[view(latest, single)]
        pub struct Public {
            key: Private,
            pub(crate) of_crate: OfCrate,
            pub(super) of_super: OfSuper,
            pub(in crate::visible::outer) of_path: OfPath,
        }

        /// A section.
        #[derive(Clone, Debug, PartialEq, Entity, Views)]
        #[entity(crate = sdk, key(key: Private))]
        #[view(latest, single)]
        pub(crate) struct OfCrate {
            key: Private,
            pub(super) of_super: OfSuper,
        }

        /// A section.
        #[derive(Clone, Debug, PartialEq, Section)]
        #[section(crate = sdk)]
        pub(super) struct OfSuper {
            pub(super) of_path: Option<OfPath>,
            key: Private,
        }

        /// A section.
        #[derive(Clone, Debug, PartialEq, Section)]
        #[section(crate = sdk)]
        pub(in crate::visible::outer) struct OfPath {
            pub(in crate::visible::outer) number: u64,
            key: Private,
            list: Vec<Generic<Private>>,
        }

        /// A section with a parameter.
        #[derive(Clone, Debug, PartialEq, Section)]
        #[section(crate = sdk)]
        pub(super) struct Generic<T> {
            of_parameter: T,
            private: Private,
        }

        /// A leaf, and a key.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Leaf)]
        #[leaf(crate = sdk)]
        pub struct Private(u64);

        impl Key for Private {
            #[inline]
            fn parse(text: &str) -> Option<Self> {
                text.parse().ok().map(Self)
            }

            #[inline]
            fn text(&self) -> Cow<'_, str> {
                self.to_string().into()
            }
        }

        impl fmt::Display for Private {
            #[inline]
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        /// A private entity.
        #[derive(Clone, Debug, PartialEq, Entity, Views)]
        #[entity(crate = sdk, key(key: Private))]
        #[view(latest, single)]
        struct Hidden {
            key: Private,
        }

        /// A public stack of entities that are not.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Stack)]
        #[stack(crate = sdk, url = "wss://ore.example", entities(Public, OfCrate, Hidden))]
        pub struct PublicStack;

        /// A stack for the module above.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Stack)]
        #[stack(crate = sdk, url = "wss://ore.example", entities(Public, Hidden))]
        pub(super) struct StackOfSuper;
    }

    /// A patch can be named, and filled, where its struct can.
    fn named() -> inner::OfPathPatch {
        let mut patch = inner::OfPathPatch::default();
        patch.number = Some(Some(1));
        patch
    }
}
