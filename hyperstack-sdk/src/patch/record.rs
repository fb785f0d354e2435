//! Structs with named fields: what can be done with all of their slots.

use super::context::Context;
use super::error::PatchError;
use super::field::{Field, Rule, Slot};
use super::paths::Paths;
use super::slot::SlotRef;
use super::Patchable;
use serde::de::{DeserializeSeed, IgnoredAny, MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserializer, Serializer};
use std::convert::Infallible;
use std::fmt;
use std::marker::PhantomData;

/// The slots of a struct: what its patch consists of. Derived.
#[doc(hidden)]
pub trait Fields: Default + 'static {
    /// The struct's name, the root of error paths.
    const ROOT: &'static str;
    /// The fields' names on the wire, and behind these their aliases; a field's number is its place.
    const NAMES: &'static [&'static str];
    /// Their names in Rust.
    const IDENTS: &'static [&'static str] = Self::NAMES;
    /// The numbers of those that have a default.
    const DEFAULTS: &'static [usize] = &[];

    /// The number of this name.
    fn find(name: &str) -> Option<usize>;
    /// Reads the value of the field with this number, or with an alias of this number.
    fn decode_field<'de, A: MapAccess<'de>>(
        fields: &mut Self,
        number: usize,
        map: &mut A,
        cx: &mut Context<'_>,
    ) -> Result<(), A::Error>;
    /// Shows every slot to `walk`, until that returns an error.
    fn walk<W: Walk>(fields: &Self, walk: &mut W) -> Result<(), W::Error>;
    /// Makes `first` mean both, in that order.
    fn then_fields(first: &mut Self, second: Self);
}

/// What is done with the slots of a patch, one after another.
pub trait Walk {
    /// Why no further slot is needed.
    type Error;

    /// Does it with one of them.
    fn slot<F: Field<K>, K>(
        &mut self,
        number: usize,
        slot: &Slot<F::Change>,
    ) -> Result<(), Self::Error>;
}

/// Reads fields from an object. Unknown keys are skipped; of equal keys the last one counts.
pub fn decode<'de, P: Fields, D: Deserializer<'de>>(
    d: D,
    cx: &mut Context<'_>,
) -> Result<P, D::Error> {
    struct Object<'c, 'a, P>(&'c mut Context<'a>, PhantomData<P>);

    impl<'de, P: Fields> Visitor<'de> for Object<'_, '_, P> {
        type Value = P;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<P, A::Error> {
            let mut fields = P::default();
            while let Some(found) = map.next_key_seed(Name::<P>(PhantomData))? {
                match found {
                    Some(number) => self.0.under(P::NAMES[number], |cx| {
                        P::decode_field(&mut fields, number, &mut map, cx)
                    })?,
                    None => drop(map.next_value::<IgnoredAny>()?),
                }
            }
            Ok(fields)
        }
    }

    d.deserialize_map(Object(cx, PhantomData))
}

/// Reads a key: the number of the field that it names.
struct Name<P>(PhantomData<P>);

impl<'de, P: Fields> DeserializeSeed<'de> for Name<P> {
    type Value = Option<usize>;

    fn deserialize<D: Deserializer<'de>>(self, d: D) -> Result<Self::Value, D::Error> {
        d.deserialize_identifier(self)
    }
}

impl<P: Fields> Visitor<'_> for Name<P> {
    type Value = Option<usize>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a field's name")
    }

    fn visit_str<E>(self, name: &str) -> Result<Self::Value, E> {
        Ok(P::find(name))
    }
}

/// Reads fields with any deserializer, and puts the path into the message of an error.
pub fn deserialize<'de, P: Fields, D: Deserializer<'de>>(d: D) -> Result<P, D::Error> {
    let mut cx = Context::default();
    decode(d, &mut cx).map_err(|error| cx.locate(P::ROOT, &error))
}

/// Writes the fields that are set as an object.
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

/// Shows the fields that are set.
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

/// Collects the paths of the fields that are set.
pub(crate) fn paths<P: Fields>(fields: &P, paths: &mut Paths) {
    struct Collect<'p, P>(&'p mut Paths, PhantomData<P>);

    impl<P: Fields> Walk for Collect<'_, P> {
        type Error = Infallible;

        fn slot<F: Field<K>, K>(
            &mut self,
            number: usize,
            slot: &Slot<F::Change>,
        ) -> Result<(), Infallible> {
            if let Some(slot) = slot {
                self.0
                    .under(P::NAMES[number], |paths| F::Rule::slot_paths(slot, paths));
            }
            Ok(())
        }
    }

    let Ok(()) = P::walk(fields, &mut Collect(paths, PhantomData::<P>));
}

/// Whether a value could be built from a patch alone.
fn check_alone<P: Fields>(fields: &P) -> Result<(), PatchError> {
    struct Alone<P>(PhantomData<P>);

    impl<P: Fields> Walk for Alone<P> {
        type Error = PatchError;

        fn slot<F: Field<K>, K>(
            &mut self,
            number: usize,
            slot: &Slot<F::Change>,
        ) -> Result<(), PatchError> {
            let checked = match slot {
                None | Some(None) if P::DEFAULTS.contains(&number) => Ok(()),
                _ => F::Rule::check_slot(None, slot),
            };
            checked.map_err(|error| error.at(P::NAMES[number]))
        }
    }

    P::walk(fields, &mut Alone::<P>(PhantomData))
}

/// The rule of sections: merged field by field, and built from the empty patch where never sent.
#[derive(Debug)]
pub enum ByField {}

impl<T: Patchable> Rule<T, T::Patch> for ByField {
    fn absent() -> Result<T, PatchError> {
        T::build_slots(T::Patch::default())
    }

    fn make(patch: T::Patch) -> Result<T, PatchError> {
        T::build_slots(patch)
    }

    fn check(base: Option<&T>, patch: &T::Patch) -> Result<(), PatchError> {
        match base {
            Some(base) => T::check_slots(base, patch),
            None => check_alone(patch),
        }
    }

    fn merge(value: &mut T, patch: T::Patch) -> Result<bool, PatchError> {
        T::merge_slots(value, patch)
    }

    fn then(first: &mut T::Patch, second: T::Patch) {
        T::Patch::then_fields(first, second);
    }

    fn diff(value: &T, later: &T) -> Slot<T::Patch> {
        let patch = T::diff_slots(value, later, false);
        (!none_set(&patch)).then_some(Some(patch))
    }

    fn whole(value: &T) -> Slot<T::Patch> {
        Some(Some(T::diff_slots(value, value, true)))
    }

    fn paths(patch: &T::Patch, at: &mut Paths) {
        match none_set(patch) {
            true => at.here(),
            false => paths(patch, at),
        }
    }
}

/// Checks a patch against a value, then merges it.
pub(crate) fn apply<T: Patchable>(value: &mut T, patch: T::Patch) -> Result<bool, PatchError> {
    T::check_slots(value, &patch)
        .and_then(|()| T::merge_slots(value, patch))
        .map_err(|error| error.under(T::Patch::ROOT))
}

/// Builds a value, for those who are not inside of another one.
pub fn from_fields<T: Patchable>(patch: T::Patch) -> Result<T, PatchError> {
    T::build_slots(patch).map_err(|error| error.under(T::Patch::ROOT))
}
