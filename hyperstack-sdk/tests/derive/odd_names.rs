//! Names in unusual cases are renamed as serde renames them.

#![allow(
    non_camel_case_types,
    non_snake_case,
    dead_code,
    clippy::upper_case_acronyms
)]

use crate::value;
use hyperstack_sdk::{Leaf, Section};
use serde::{Deserialize, Serialize};

/// Defines a struct and an enum with a case in both serde's attribute and ours.
macro_rules! cases {
    ($($module:ident $case:literal;)*) => {$(
        mod $module {
            use super::*;

            #[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize, Section)]
            #[serde(rename_all = $case)]
            struct Renamed {
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
                let renamed = Renamed {
                    fooBar: 1,
                    größe: 2,
                    _hidden: 3,
                    two__words: 4,
                    tail_: 5,
                    SHOUTED_ONE: 6,
                };
                let json = serde_json::to_value(&renamed).unwrap();
                let read = crate::patch::<Renamed>(json.clone());
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
