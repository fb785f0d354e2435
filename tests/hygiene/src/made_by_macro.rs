//! Structs that a macro writes, with names, types, values and visibilities from its call.

/// Where the macro's users find the SDK.
pub use sdk as reexported;

/// Writes an entity and what belongs to it.
macro_rules! entity {
    (
        $(#[$attr:meta])*
        $vis:vis struct $name:ident<$param:ident> {
            $($(#[$field_attr:meta])* $field_vis:vis $field:ident: $ty:ty = $wire:literal),* $(,)?
        }
        key $key:ident of $key_ty:ty, max $max:expr_2021, default $default:expr_2021, length $length:expr_2021,
        view $view:ident, phases $phase:ident of $phase_ty:ty, slot $slot:ident of $slot_ty:ty
    ) => {
        $(#[$attr])*
        #[derive(Clone, Debug, PartialEq, sdk::Entity)]
        #[entity(crate = $crate::made_by_macro::reexported, key($key: $key_ty))]
        $vis struct $name<$param> {
            $(
                $(#[$field_attr])*
                #[field(rename = $wire)]
                $field_vis $field: $ty,
            )*
            #[doc = "A list."]
            #[field(append(max = $max))]
            pub list: Vec<Option<$param>>,
            #[doc = "A number."]
            #[field(default = $default)]
            pub number: u64,
            #[doc = "An array."]
            pub array: Option<[u8; $length]>,
        }

        #[doc = "Names."]
        #[derive(Clone, Debug, PartialEq, Eq, sdk::Leaf)]
        #[leaf(crate = $crate::made_by_macro::reexported)]
        $vis enum $phase {
            #[doc = "Known."]
            Open,
            #[doc = "Anything else."]
            #[leaf(other)]
            Other($phase_ty),
        }

        #[doc = "A newtype."]
        #[derive(Clone, Copy, Debug, PartialEq, Eq, sdk::Leaf)]
        #[leaf(crate = $crate::made_by_macro::reexported)]
        $vis struct $slot(pub $slot_ty);

        #[doc = "An entity with views."]
        #[derive(Clone, Debug, PartialEq, sdk::Entity, sdk::Views)]
        #[entity(crate = $crate::made_by_macro::reexported)]
        #[view($view, single)]
        $vis struct Viewed {
            #[doc = "A field of a type from the macro's call."]
            pub slot: $slot,
            #[doc = "Itself."]
            pub next: Option<Box<Self>>,
        }
    };
}

entity! {
    /// Documented.
    pub struct Round<T> {
        /// A number.
        pub id: u64 = "roundId",
        /// Sections of the macro's own.
        pub viewed: Option<Box<Viewed>> = "v",
        /// A tuple.
        pub(crate) pair: Option<(u8, T)> = "p",
    }
    key id of u64, max 1 + 2, default { 3 + 4 }, length 2 + 2,
    view latest, phases Phase of String, slot Slot of u64
}
