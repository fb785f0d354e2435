//! Structs whose names end like generated ones, without a clash.

use sdk::{Entity, Section, Stack, Views};

/// A section, and no patch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Section)]
#[section(crate = sdk)]
pub struct PricePatch {
    /// A number.
    pub number: u64,
}

/// An entity, and no marker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Entity, Views)]
#[entity(crate = sdk)]
pub struct OrderEntity {
    /// A section.
    pub price: PricePatch,
}

/// An entity, and no views.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Entity, Views)]
#[entity(crate = sdk)]
pub struct UserViews {
    /// A section.
    pub price: Option<PricePatch>,
}

/// A stack, and no connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Stack)]
#[stack(crate = sdk, url = "wss://ore.example", entities(OrderEntity, UserViews))]
pub struct OreClient;

/// Names that the derives would make of structs that are not here.
macro_rules! taken {
    ($($name:ident)*) => {$(
        #[doc = "Not derived."]
        #[derive(Clone, Copy, Debug)]
        pub struct $name;
    )*};
}

taken! { OrderPatch UserEntity OrderViews UserClient PatchPrice Patch Entity_ Client Price Ore }
