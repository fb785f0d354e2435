//! `bool`, `char` and `String`.

use super::context::Context;
use super::field::{Field, Whole};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

macro_rules! scalars {
    ($($scalar:ty)*) => {$(
        #[diagnostic::do_not_recommend]
        impl Field for $scalar {
            type Change = Self;
            type Rule = Whole;

            fn decode_field<'de, D: Deserializer<'de>>(
                d: D,
                _: &mut Context<'_>,
            ) -> Result<Self, D::Error> {
                Self::deserialize(d)
            }

            fn encode_field<S: Serializer>(patch: &Self, s: S) -> Result<S::Ok, S::Error> {
                patch.serialize(s)
            }
        }
    )*};
}

scalars! { bool char String }
