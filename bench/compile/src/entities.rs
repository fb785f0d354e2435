//! The synthetic crates: the same 100 structs of 20 fields, with different derives.

use crate::dependencies::{OUR_SDK, SERDE};
use std::fmt::Write;

pub struct Kind {
    pub package: &'static str,
    /// The imports of the derives.
    uses: &'static str,
    derives: &'static str,
    /// The lines between the derives and the struct.
    attribute: &'static str,
    pub dependencies: &'static [&'static str],
}

/// The crates to compare, ours first.
pub const KINDS: [Kind; 5] = [
    Kind {
        package: "entities-ours",
        uses: "use hyperstack_sdk::Entity;",
        derives: ", Entity",
        attribute: "",
        dependencies: &[OUR_SDK],
    },
    Kind {
        package: "entities-serde",
        uses: "use serde::Deserialize;",
        derives: ", Deserialize",
        attribute: "",
        dependencies: &[SERDE],
    },
    Kind {
        package: "entities-serde-both",
        uses: "use serde::{Deserialize, Serialize};",
        derives: ", Deserialize, Serialize",
        attribute: "",
        dependencies: &[SERDE],
    },
    Kind {
        package: "entities-struct-patch",
        uses: "use serde::{Deserialize, Serialize};\nuse struct_patch::Patch;",
        derives: ", Patch",
        attribute: "#[patch(attribute(derive(Debug, Default, Deserialize, Serialize)))]\n",
        dependencies: &[SERDE, r#"struct-patch = "0.14.4""#],
    },
    // The floor: only the derives of std, which all the others have too.
    Kind {
        package: "entities-plain",
        uses: "",
        derives: "",
        attribute: "",
        dependencies: &[],
    },
];

pub const STRUCTS: usize = 100;
pub const FIELDS: [(&str, &str); 20] = [
    ("id", "u64"),
    ("address", "String"),
    ("authority", "Option<String>"),
    ("slot", "u64"),
    ("price", "Option<Option<f64>>"),
    ("volume", "Option<Option<f64>>"),
    ("supply", "Option<u64>"),
    ("deployed", "Option<Option<u64>>"),
    ("expires_at", "Option<Option<i64>>"),
    ("created_at", "i64"),
    ("active", "bool"),
    ("name", "Option<Option<String>>"),
    ("symbol", "Option<String>"),
    ("uri", "Option<String>"),
    ("decimals", "u8"),
    ("winners", "Vec<String>"),
    ("bets", "Vec<u64>"),
    ("rate", "f64"),
    ("count", "u32"),
    ("fee", "Option<f64>"),
];

impl Kind {
    pub fn source(&self) -> String {
        let fields: String = FIELDS
            .iter()
            .map(|(name, ty)| format!("    pub {name}: {ty},\n"))
            .collect();
        let (derives, attribute) = (self.derives, self.attribute);
        let mut source = format!("{}\n", self.uses);
        for i in 0..STRUCTS {
            let _ = write!(
                source,
                "\n#[derive(Debug, Clone, PartialEq{derives})]\n\
                 {attribute}pub struct Entity{i} {{\n{fields}}}\n"
            );
        }
        source
    }
}
