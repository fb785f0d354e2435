//! Handwritten visitors for the patch of this struct. They distinguish absent, null and value, read integers
//! from numbers or strings, and ignore unknown fields. Their errors have no paths.

use crate::round::*;
use hyperstack_sdk::patch::ListPatch;
use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, Unexpected, Visitor};
use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;

/// Implements a visitor for a patch. It matches each key to a field, and decodes the value into the field's
/// slot.
macro_rules! objects {
    ($($object:ident($patch:ident) { $($field:ident: $wire:ty,)* })*) => {$(
        pub struct $object(pub $patch);

        impl From<$object> for $patch {
            fn from($object(patch): $object) -> Self {
                patch
            }
        }

        impl<'de> Deserialize<'de> for $object {
            fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                #[allow(non_camel_case_types)]
                enum Key { $($field,)* Unknown }

                impl<'de> Deserialize<'de> for Key {
                    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                        struct Name;

                        impl Visitor<'_> for Name {
                            type Value = Key;

                            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                                f.write_str("a field's name")
                            }

                            fn visit_str<E>(self, name: &str) -> Result<Key, E> {
                                Ok(match name {
                                    $(stringify!($field) => Key::$field,)*
                                    _ => Key::Unknown,
                                })
                            }
                        }

                        d.deserialize_identifier(Name)
                    }
                }

                struct Object;

                impl<'de> Visitor<'de> for Object {
                    type Value = $patch;

                    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                        f.write_str("an object")
                    }

                    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<$patch, A::Error> {
                        let mut patch = $patch::default();
                        while let Some(key) = map.next_key()? {
                            match key {
                                $(Key::$field => {
                                    let slot: Option<$wire> = map.next_value()?;
                                    patch.$field = Some(slot.map(Into::into));
                                })*
                                Key::Unknown => {
                                    map.next_value::<IgnoredAny>()?;
                                }
                            }
                        }
                        Ok(patch)
                    }
                }

                d.deserialize_map(Object).map(Self)
            }
        }
    )*};
}

objects! {
    Round(RoundPatch) {
        id: Id,
        state: State,
        results: Results,
        metrics: Metrics,
        treasury: Treasury,
        entropy: Entropy,
        ore_metadata: Metadata,
    }
    Id(IdPatch) {
        round_id: Int<u64>,
        round_address: String,
    }
    State(StatePatch) {
        expires_at: Int<i64>,
        estimated_expires_at_unix: Int<i64>,
        motherlode: f64,
        total_deployed: f64,
        total_vaulted: f64,
        total_winnings: f64,
        total_miners: Int<u64>,
        deployed_per_square: Ints,
        deployed_per_square_ui: Vec<f64>,
        count_per_square: Ints,
    }
    Results(ResultsPatch) {
        top_miner: String,
        top_miner_reward: f64,
        rent_payer: String,
        slot_hash: String,
        rng: Int<u64>,
        winning_square: Int<u64>,
        did_hit_motherlode: bool,
        pre_reveal_rng: Int<u64>,
        pre_reveal_winning_square: Int<u64>,
    }
    Metrics(MetricsPatch) {
        deploy_count: Int<u64>,
        checkpoint_count: Int<u64>,
    }
    Treasury(TreasuryPatch) {
        motherlode: f64,
    }
    Entropy(EntropyPatch) {
        entropy_value: String,
        entropy_seed: String,
        entropy_slot_hash: String,
        entropy_start_at: Int<u64>,
        entropy_end_at: Int<u64>,
        entropy_samples: Int<u64>,
        entropy_var_address: String,
    }
    Metadata(MetadataPatch) {
        decimals: Int<u8>,
        logo_uri: String,
        mint: String,
        name: String,
        symbol: String,
    }
}

/// Reads an integer from a number or a string.
struct Int<T>(T);

impl<'de, T: TryFrom<u64> + TryFrom<i64> + FromStr> Deserialize<'de> for Int<T> {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        struct Integer<T>(PhantomData<T>);

        impl<T: TryFrom<u64> + TryFrom<i64> + FromStr> Visitor<'_> for Integer<T> {
            type Value = T;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a whole number, or one in a string")
            }

            fn visit_u64<E: Error>(self, value: u64) -> Result<T, E> {
                T::try_from(value).map_err(|_| E::invalid_value(Unexpected::Unsigned(value), &self))
            }

            fn visit_i64<E: Error>(self, value: i64) -> Result<T, E> {
                T::try_from(value).map_err(|_| E::invalid_value(Unexpected::Signed(value), &self))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
                text.parse()
                    .map_err(|_| E::invalid_value(Unexpected::Str(text), &self))
            }
        }

        d.deserialize_any(Integer(PhantomData)).map(Self)
    }
}

macro_rules! ints {
    ($($int:ident)*) => {$(
        impl From<Int<$int>> for $int {
            fn from(Int(value): Int<$int>) -> Self {
                value
            }
        }
    )*};
}

ints! { u8 u64 i64 }

/// A list of integers. Converting it to the plain type copies nothing.
struct Ints(Vec<Int<u64>>);

impl<'de> Deserialize<'de> for Ints {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        Vec::deserialize(d).map(Self)
    }
}

impl From<Ints> for ListPatch<u64> {
    fn from(Ints(list): Ints) -> Self {
        let list: Vec<u64> = list.into_iter().map(|Int(value)| value).collect();
        list.into()
    }
}
