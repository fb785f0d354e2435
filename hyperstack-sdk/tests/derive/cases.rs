//! Every `rename_all` renames as serde does, for fields and for variants.

use crate::{patch, value};
use hyperstack_sdk::{Leaf, Section};
use serde::{Deserialize, Serialize};
use serde_json::json;

/// Defines a struct and an enum with a case in both serde's attribute and ours.
macro_rules! cases {
    ($($module:ident $case:literal;)*) => {$(
        mod $module {
            use super::*;

            #[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize, Section)]
            #[serde(rename_all = $case)]
            struct Renamed {
                best_bet: u64,
                a: u64,
                r#type: u64,
                top5_bets: u64,
                x_1: u64,
                http_url_of_it: u64,
            }

            #[derive(Clone, Debug, PartialEq, Default, Section)]
            #[section(rename_all = $case)]
            struct Own {
                best_bet: u64,
                a: u64,
                r#type: u64,
                top5_bets: u64,
                x_1: u64,
                http_url_of_it: u64,
            }

            #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Leaf)]
            #[serde(rename_all = $case)]
            enum ToldPhase {
                Open,
                HalfOpen,
                A,
                Top5Bets,
                HTTPError,
                #[leaf(rename = "SHUT")]
                #[serde(rename = "shut")]
                Closed,
            }

            #[derive(Clone, Debug, PartialEq, Section)]
            struct Phases {
                phases: Vec<ToldPhase>,
            }

            #[test]
            fn $module() {
                let renamed = Renamed {
                    best_bet: 1,
                    a: 2,
                    r#type: 3,
                    top5_bets: 4,
                    x_1: 5,
                    http_url_of_it: 6,
                };
                let json = serde_json::to_value(&renamed).unwrap();
                assert_eq!(value::<Renamed>(json.clone()), renamed);
                let own: Own = value(json.clone());
                assert_eq!((own.best_bet, own.a, own.r#type), (1, 2, 3));
                assert_eq!((own.top5_bets, own.x_1, own.http_url_of_it), (4, 5, 6));
                assert_eq!(serde_json::to_value(patch::<Own>(json.clone())).unwrap(), json);

                use ToldPhase::*;
                let mut phases = vec![Open, HalfOpen, A, Top5Bets, HTTPError];
                let mut json = serde_json::to_value(&phases).unwrap();
                // Only our own `rename` counts.
                phases.push(Closed);
                json.as_array_mut().unwrap().push(json!("SHUT"));
                let read: Phases = value(json!({ "phases": json }));
                assert_eq!(read.phases, phases);
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
