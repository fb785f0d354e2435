//! Visits all slots of a patch, one after another.

use super::field::{Field, Rule, Slot};
use super::paths::Paths;
use super::record::Fields;
use super::slot::SlotRef;
use serde::ser::SerializeMap;
use serde::Serializer;
use std::convert::Infallible;
use std::fmt;
use std::marker::PhantomData;

/// A visitor of slots.
pub trait Walk {
    /// The reason to stop.
    type Error;

    /// Visits the slot of field `number`.
    fn slot<F: Field<K>, K>(
        &mut self,
        number: usize,
        slot: &Slot<F::Change>,
    ) -> Result<(), Self::Error>;
}

/// Encodes the fields that are set as an object.
pub fn encode<P: Fields, S: Serializer>(fields: &P, s: S) -> Result<S::Ok, S::Error> {
    struct Encode<M, P>(M, PhantomData<P>);

    impl<M: SerializeMap, P: Fields> Walk for Encode<M, P> {
        type Error = M::Error;

        fn slot<F: Field<K>, K>(
            &mut self,
            number: usize,
            slot: &Slot<F::Change>,
        ) -> Result<(), M::Error> {
            match slot {
                None => Ok(()),
                Some(slot) => self
                    .0
                    .serialize_entry(P::NAMES[number], &SlotRef::<F, K>(slot)),
            }
        }
    }

    let mut encode = Encode(s.serialize_map(None)?, PhantomData::<P>);
    P::walk(fields, &mut encode)?;
    encode.0.end()
}

/// Formats the fields that are set for `Debug`.
pub fn debug<P: Fields>(name: &str, fields: &P, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    struct Show<'s, 'f, P>(fmt::DebugStruct<'s, 'f>, PhantomData<P>);

    impl<P: Fields> Walk for Show<'_, '_, P> {
        type Error = Infallible;

        fn slot<F: Field<K>, K>(
            &mut self,
            number: usize,
            slot: &Slot<F::Change>,
        ) -> Result<(), Infallible> {
            if let Some(slot) = slot {
                self.0.field(P::IDENTS[number], slot);
            }
            Ok(())
        }
    }

    let mut show = Show(f.debug_struct(name), PhantomData::<P>);
    let Ok(()) = P::walk(fields, &mut show);
    show.0.finish()
}

/// Whether no field is set.
pub fn none_set<P: Fields>(fields: &P) -> bool {
    struct AnySet;

    impl Walk for AnySet {
        type Error = ();

        fn slot<F: Field<K>, K>(&mut self, _: usize, slot: &Slot<F::Change>) -> Result<(), ()> {
            match slot {
                None => Ok(()),
                Some(_) => Err(()),
            }
        }
    }

    P::walk(fields, &mut AnySet).is_ok()
}

/// Collects the paths of the fields that are set. Returns whether all fields are set, including everything inside them.
pub(crate) fn paths<P: Fields>(fields: &P, paths: &mut Paths) -> bool {
    struct Collect<'p, P> {
        paths: &'p mut Paths,
        is_all: bool,
        fields: PhantomData<P>,
    }

    impl<P: Fields> Walk for Collect<'_, P> {
        type Error = Infallible;

        fn slot<F: Field<K>, K>(
            &mut self,
            number: usize,
            slot: &Slot<F::Change>,
        ) -> Result<(), Infallible> {
            let name = P::NAMES[number];
            self.is_all &= slot.as_ref().is_some_and(|slot| {
                self.paths
                    .under(name, |paths| F::Rule::slot_paths(slot, paths))
            });
            Ok(())
        }
    }

    let mut collect = Collect {
        paths,
        is_all: true,
        fields: PhantomData::<P>,
    };
    let Ok(()) = P::walk(fields, &mut collect);
    collect.is_all
}
