//! Names that are in no usual case are renamed as serde renames them.

#![allow(
    non_camel_case_types,
    non_snake_case,
    dead_code,
    clippy::upper_case_acronyms
)]

use crate::value;
use hyperstack_sdk::{Leaf, Section};
use serde::{Deserialize, Serialize};

/// A struct and an enum in a case that serde and we are both told.
macro_rules! cases {
    ($($module:ident $case:literal;)*) => {$(
        mod $module {
            use super::*;

            #[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize, Section)]
            #[serde(rename_all = $case)]
            struct Told {
                fooBar: u64,
                größe: u64,
                _hidden: u64,
                two__words: u64,
                tail_: u64,
                SHOUTED_ONE: u64,
            }

            #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Leaf)]
            #[serde(rename_all = $case)]
            enum ToldPhase {
                open,
                half_open,
                Top_Bets,
                SHUT,
                Größe,
                _Hidden,
            }

            #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Section)]
            struct Phases {
                phases: Vec<ToldPhase>,
            }

            #[test]
            fn fields() {
                let told = Told {
                    fooBar: 1,
                    größe: 2,
                    _hidden: 3,
                    two__words: 4,
                    tail_: 5,
                    SHOUTED_ONE: 6,
                };
                let json = serde_json::to_value(&told).unwrap();
                let read = crate::patch::<Told>(json.clone());
                assert_eq!(serde_json::to_value(&read).unwrap(), json);
            }

            #[test]
            fn variants() {
                use ToldPhase::*;
                for phase in [open, half_open, Top_Bets, SHUT, Größe, _Hidden] {
                    let phases = Phases { phases: vec![phase] };
                    let json = serde_json::to_value(&phases).unwrap();
                    assert_eq!(value::<Phases>(json), phases);
                }
            }
        }
    )*};
}

cases! {
    lower "lowercase";
    upper "UPPERCASE";
    pascal "PascalCase";
    camel "camelCase";
    snake "snake_case";
    screaming_snake "SCREAMING_SNAKE_CASE";
    kebab "kebab-case";
    screaming_kebab "SCREAMING-KEBAB-CASE";
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Section)]
struct Skipping {
    phase: SkippingPhase,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Leaf)]
enum SkippingPhase {
    Open,
    #[serde(skip)]
    Closed,
}

#[test]
fn a_variant_that_serde_skips_is_not_read() {
    let json = r#"{"phase": "Closed"}"#;
    assert!(serde_json::from_str::<Skipping>(json).is_err());
    assert!(crate::refused::<Skipping>(json).starts_with("Skipping.phase: unknown variant"));
}
