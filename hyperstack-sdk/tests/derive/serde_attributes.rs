//! serde's attributes of a struct apply to its patch; `#[field]` wins.

use crate::{patch, value};
use hyperstack_sdk::{Leaf, Patchable, Section};
use serde::{Deserialize, Serialize};
use serde_json::json;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Section)]
#[serde(rename_all = "camelCase")]
struct Fields {
    #[serde(rename = "n", alias = "no", alias = "nr")]
    number: u64,
    #[serde(default)]
    with_default: String,
    #[serde(default = "seven")]
    seven: u64,
    #[serde(default = "Fields::eight")]
    eight: u64,
    #[serde(default = "Vec::<u64>::new")]
    typed_path: Vec<u64>,
    #[serde(skip)]
    skipped: u64,
    #[serde(skip_deserializing, default = "seven")]
    skipped_with_default: u64,
    #[serde(skip_serializing, skip_serializing_if = "Option::is_none")]
    only_written: Option<u64>,
    #[serde(rename = "theirs", alias = "both")]
    #[field(rename = "ours", alias = "own")]
    renamed: Option<u64>,
    #[serde(default = "seven")]
    #[field(default = 9)]
    nine: u64,
}

fn seven() -> u64 {
    7
}

impl Fields {
    fn eight() -> u64 {
        8
    }
}

#[test]
fn names_and_defaults() {
    let mut a: Fields = value(json!({
        "nr": 1, "skipped": 2, "skippedWithDefault": 2, "onlyWritten": 3, "ours": 4, "theirs": 5,
    }));
    assert_eq!((a.number, a.seven, a.eight, a.nine), (1, 7, 8, 9));
    assert_eq!((&*a.with_default, a.typed_path.len()), ("", 0));
    assert_eq!((a.skipped, a.skipped_with_default), (0, 7));
    assert_eq!((a.only_written, a.renamed), (Some(3), Some(4)));
    a.apply(patch::<Fields>(
        json!({"n": "2", "withDefault": "x", "seven": 1, "eight": 1, "nine": 1, "own": 6}),
    ))
    .unwrap();
    assert_eq!((a.number, a.seven, a.renamed), (2, 1, Some(6)));
    a.apply(patch::<Fields>(
        json!({"withDefault": null, "seven": null, "eight": null, "nine": null, "both": null}),
    ))
    .unwrap();
    assert_eq!((a.seven, a.eight, a.nine), (7, 8, 9));
    assert_eq!((&*a.with_default, a.renamed), ("", None));
    // A field that serde does not read is not in the patch. One that serde only does not write is.
    let written = serde_json::to_value(patch::<Fields>(json!({"onlyWritten": 1, "skipped": 1})));
    assert_eq!(written.unwrap(), json!({"onlyWritten": 1}));
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Section)]
#[serde(default)]
struct OfStruct {
    number: u64,
    text: String,
    #[serde(skip)]
    skipped: u64,
    #[field(default = 5)]
    own: u64,
    maybe: Option<u64>,
}

impl Default for OfStruct {
    fn default() -> Self {
        Self {
            number: 1,
            text: "two".to_owned(),
            skipped: 3,
            own: 4,
            maybe: Some(6),
        }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Leaf)]
#[serde(default = "start", rename_all = "UPPERCASE")]
struct Point {
    x: u64,
    y: u64,
}

fn start() -> Point {
    Point { x: 1, y: 2 }
}

#[derive(Clone, Debug, PartialEq, Section)]
struct Holder {
    of_struct: OfStruct,
    point: Option<Point>,
}

#[test]
fn a_default_of_the_struct_is_one_of_each_field() {
    let mut a: Holder = value(json!({"point": {"Y": 5}}));
    let default = OfStruct {
        own: 5,
        ..OfStruct::default()
    };
    assert_eq!(a.of_struct, default);
    assert_eq!(a.point, Some(Point { x: 1, y: 5 }));
    a.apply(patch::<Holder>(
        json!({"of_struct": {"number": 9, "text": null, "maybe": null, "own": null}}),
    ))
    .unwrap();
    let null = OfStruct {
        number: 9,
        maybe: None,
        ..default
    };
    assert_eq!(a.of_struct, null);
    // serde agrees on fields that were never sent.
    let by_serde: OfStruct = serde_json::from_value(json!({"own": 5})).unwrap();
    assert_eq!(value::<OfStruct>(json!({})), by_serde);
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Section)]
struct Enums {
    phases: Vec<Phase>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Leaf)]
#[serde(rename_all = "snake_case")]
enum Phase {
    #[serde(alias = "Open", alias = "opened")]
    Open,
    #[serde(rename = "SHUT")]
    Closed,
    #[serde(other)]
    Unknown,
}

#[test]
fn variants() {
    let json = json!({"phases": ["open", "opened", "SHUT", "closed"]});
    let a: Enums = value(json.clone());
    assert_eq!(
        a.phases,
        [Phase::Open, Phase::Open, Phase::Closed, Phase::Unknown]
    );
    assert_eq!(a, serde_json::from_value(json).unwrap());
}
