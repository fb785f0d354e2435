//! Structs with named fields: their slots and the field-by-field merge.

use super::compare;
use super::context::Context;
use super::entry;
use super::error::PatchError;
use super::field::{Rule, Slot};
use super::filter::{Asked, FilterError};
use super::paths::Paths;
use super::walk::{self, Walk};
use super::Patchable;
use serde::de::{DeserializeSeed, IgnoredAny, MapAccess, Visitor};
use serde::Deserializer;
use std::fmt;
use std::marker::PhantomData;

/// Returns the names of the fields, without aliases.
pub(crate) fn own_names<P: Fields>() -> &'static [&'static str] {
    &P::NAMES[..P::NAMES.len() - P::ALIASES.len()]
}

/// Returns the name of a field, given its own number or an alias's.
pub(super) fn name_of<P: Fields>(number: usize) -> &'static str {
    let alias = number.checked_sub(own_names::<P>().len());
    P::NAMES[alias.map_or(number, |alias| P::ALIASES[alias])]
}

/// The slots of a struct, which make up its patch. Derived.
#[doc(hidden)]
pub trait Fields: Default + 'static {
    /// The struct's name, the root of error paths.
    const ROOT: &'static str;
    /// The fields' wire names, followed by their aliases. A field's number is its index here.
    const NAMES: &'static [&'static str];
    /// The fields' Rust names.
    const IDENTS: &'static [&'static str] = Self::NAMES;
    /// For each alias, the number of its field.
    const ALIASES: &'static [usize] = &[];
    /// Whether the patch also keeps fields whose names `find` does not know.
    const KEEPS_UNKNOWN: bool = false;

    /// Returns the number of a field name or alias.
    fn find(name: &str) -> Option<usize>;
    /// Decodes the value of the field whose name or alias has this number.
    fn decode_field<'de, A: MapAccess<'de>>(
        fields: &mut Self,
        number: usize,
        map: &mut A,
        cx: &mut Context<'_>,
    ) -> Result<(), A::Error>;
    /// Decodes an object into fields that are all unset.
    fn decode_object<'de, D: Deserializer<'de>>(
        fields: &mut Self,
        d: D,
        cx: &mut Context<'_>,
    ) -> Result<(), D::Error> {
        decode_named(fields, d, cx)
    }
    /// Passes every slot to `walk`, until it returns an error.
    fn walk<W: Walk>(fields: &Self, walk: &mut W) -> Result<(), W::Error>;
    /// Combines both into `first`, in that order. Takes the slots out of `second`.
    fn then_fields(first: &mut Self, second: &mut Self);
}

/// Decodes fields from an object. Skips unknown keys. If a key repeats, the last one counts.
pub fn decode<'de, P: Fields, D: Deserializer<'de>>(
    d: D,
    cx: &mut Context<'_>,
) -> Result<P, D::Error> {
    let mut fields = P::default();
    decode_into(&mut fields, d, cx)?;
    Ok(fields)
}

/// Like [`decode`], but decodes into unset fields in place, because they are large and moving them is slow.
pub(crate) fn decode_into<'de, P: Fields, D: Deserializer<'de>>(
    fields: &mut P,
    d: D,
    cx: &mut Context<'_>,
) -> Result<(), D::Error> {
    P::decode_object(fields, d, cx)
}

fn decode_named<'de, P: Fields, D: Deserializer<'de>>(
    fields: &mut P,
    d: D,
    cx: &mut Context<'_>,
) -> Result<(), D::Error> {
    struct Object<'c, 'a, P>(&'c mut P, &'c mut Context<'a>);

    impl<'de, P: Fields> Visitor<'de> for Object<'_, '_, P> {
        type Value = ();

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
            let Object(fields, cx) = self;
            if !cx.is_plain() {
                return entry::decode_entries(fields, map, cx);
            }
            while let Some(found) = map.next_key_seed(Name::<P>(PhantomData))? {
                match found {
                    Some(number) => cx.under(P::NAMES[number], |cx| {
                        P::decode_field(fields, number, &mut map, cx)
                    })?,
                    None => drop(map.next_value::<IgnoredAny>()?),
                }
            }
            Ok(())
        }
    }

    d.deserialize_map(Object(fields, cx))
}

/// Decodes the slot of a section, after its name.
pub fn read<'de, P: Fields, A: MapAccess<'de>>(
    slot: &mut Slot<P>,
    map: &mut A,
    cx: &mut Context<'_>,
) -> Result<(), A::Error> {
    struct InPlace<'c, 'a, P>(&'c mut Slot<P>, &'c mut Context<'a>);

    impl<'de, P: Fields> DeserializeSeed<'de> for InPlace<'_, '_, P> {
        type Value = ();

        fn deserialize<D: Deserializer<'de>>(self, d: D) -> Result<(), D::Error> {
            d.deserialize_option(self)
        }
    }

    impl<'de, P: Fields> Visitor<'de> for InPlace<'_, '_, P> {
        type Value = ();

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a value or null")
        }

        fn visit_none<E: serde::de::Error>(self) -> Result<(), E> {
            *self.0 = Some(None);
            Ok(())
        }

        fn visit_unit<E: serde::de::Error>(self) -> Result<(), E> {
            self.visit_none()
        }

        fn visit_some<D: Deserializer<'de>>(self, d: D) -> Result<(), D::Error> {
            let slot = self.0.insert(Some(P::default()));
            slot.as_mut()
                .map_or(Ok(()), |fields| decode_into(fields, d, self.1))
        }
    }

    map.next_value_seed(InPlace(slot, cx))
}

/// Decodes a key into the number of the field that it names.
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
        f.write_str("a field name")
    }

    fn visit_str<E>(self, name: &str) -> Result<Self::Value, E> {
        Ok(P::find(name))
    }
}

/// Decodes fields with any deserializer, and puts the path into the text of an error.
pub fn deserialize<'de, P: Fields, D: Deserializer<'de>>(d: D) -> Result<P, D::Error> {
    let mut cx = Context::default();
    let mut fields = P::default();
    // Mapping the error of `decode` would move the fields twice more.
    match decode_into(&mut fields, d, &mut cx) {
        Ok(()) => Ok(fields),
        Err(error) => Err(cx.locate(P::ROOT, &error)),
    }
}

/// The rule of sections: merged field by field, and built from the empty patch if never sent.
#[derive(Debug)]
pub enum ByField {}

impl<T: Patchable> Rule<T, T::Patch> for ByField {
    fn absent() -> Result<T, PatchError> {
        T::build_slots(&mut T::Patch::default())
    }

    fn make(mut patch: T::Patch) -> Result<T, PatchError> {
        T::build_slots(&mut patch)
    }

    fn check(base: Option<&T>, patch: &T::Patch) -> Result<(), PatchError> {
        match base {
            Some(base) => compare::merges(base, patch),
            // Without a value, only building one shows whether the patch is complete. This is rare.
            None => T::build_slots(&mut patch.clone()).map(drop),
        }
    }

    fn holds(value: &T, patch: &T::Patch) -> bool {
        compare::holds(value, patch)
    }

    fn merge(value: &mut T, mut patch: T::Patch) -> Result<bool, PatchError> {
        T::merge_slots(value, &mut patch)
    }

    fn then(first: &mut T::Patch, mut second: T::Patch) {
        T::Patch::then_fields(first, &mut second);
    }

    fn diff(value: &T, later: &T) -> Slot<T::Patch> {
        let patch = T::diff_slots(value, later, false);
        (!walk::none_set(&patch)).then_some(Some(patch))
    }

    fn whole(value: &T) -> Slot<T::Patch> {
        Some(Some(T::diff_slots(value, value, true)))
    }

    fn answers(asked: Asked<'_>) -> Result<(), FilterError> {
        asked.within_fields::<T::Patch>()
    }

    fn paths(patch: &T::Patch, at: &mut Paths) {
        if walk::none_set(patch) {
            at.empty();
        } else {
            at.section(|at| walk::paths(patch, at));
        }
    }
}

/// Checks a patch against a value, then merges it.
pub(crate) fn apply<T: Patchable>(value: &mut T, patch: &mut T::Patch) -> Result<bool, PatchError> {
    compare::merges(value, patch)
        .and_then(|()| T::merge_slots(value, patch))
        .map_err(|error| error.under(T::Patch::ROOT))
}

/// Checks whether [`apply`] would succeed.
pub(crate) fn check<T: Patchable>(value: &T, patch: &T::Patch) -> Result<(), PatchError> {
    compare::merges(value, patch).map_err(|error| error.under(T::Patch::ROOT))
}
