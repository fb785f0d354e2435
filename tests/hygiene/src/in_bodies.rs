//! Structs in the bodies of functions, methods and constants.

use sdk::{Entity, Leaf, Patch, Patchable, RowKey, Section, Stack, Views};

/// The key that an entity of this function has after a patch.
#[must_use]
#[inline]
pub fn key_after(number: u64) -> Option<u64> {
    #[derive(Clone, Debug, PartialEq, Entity, Views)]
    #[entity(crate = sdk, key(id.number: u64))]
    #[view(latest, single)]
    struct Round {
        id: Id,
        phase: Phase,
    }

    #[derive(Clone, Debug, PartialEq, Section)]
    #[section(crate = sdk)]
    struct Id {
        number: u64,
    }

    #[derive(Clone, Copy, Debug, PartialEq, Leaf)]
    #[leaf(crate = sdk)]
    enum Phase {
        Open,
    }

    #[derive(Clone, Copy, Debug, PartialEq, Stack)]
    #[stack(crate = sdk, url = "wss://ore.example", entities(Round))]
    struct Ore;

    let mut round = Round {
        id: Id { number: 1 },
        phase: Phase::Open,
    };
    let patch = RoundPatch {
        id: Some(Some(IdPatch {
            number: Some(Some(number)),
        })),
        ..RoundPatch::default()
    };
    round.apply(patch).ok().and_then(|()| round.key().copied())
}

/// Something with a parameter, which the structs in its methods cannot see.
#[derive(Clone, Copy, Debug)]
pub struct Around<T>(pub T);

impl<T> Around<T> {
    /// Whether an empty patch is.
    #[must_use]
    #[inline]
    pub fn is_empty(&self) -> bool {
        #[derive(Clone, Debug, PartialEq, Section)]
        #[section(crate = sdk)]
        struct Inside {
            number: u64,
        }

        let inside = Inside { number: 1 };
        inside.diff(&inside).is_empty()
    }
}

/// A constant that is computed from a struct of its own.
pub const NUMBER: u64 = {
    #[derive(Clone, Debug, PartialEq, Section)]
    #[section(crate = sdk)]
    struct Inside {
        number: u64,
    }

    Inside { number: 3 }.number
};
