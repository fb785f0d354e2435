//! Generic parameters, aliases, and recursive structs.

use crate::{patch, value};
use hyperstack_sdk::{Entity, Leaf, Patch, Patchable, Section};
use serde_json::json;
use std::collections::BTreeMap;
use std::fmt::Debug;
use std::marker::PhantomData;

type Maybe<T> = Option<T>;
type List = Vec<u64>;

#[derive(Clone, Debug, PartialEq, Section)]
struct Pair<T, U: Clone = u64, const N: usize = 2>
where
    U: Debug,
{
    list: Vec<T>,
    one: Maybe<U>,
    array: Option<[T; N]>,
    #[field(skip)]
    nothing: PhantomData<U>,
}

#[derive(Clone, Debug, PartialEq, Section)]
struct Tagged<T> {
    id: u64,
    #[field(skip)]
    tag: PhantomData<T>,
}

#[derive(Clone, Debug, PartialEq, Leaf)]
struct Wrapper<T>(T);

#[derive(Clone, Debug, PartialEq, Leaf)]
struct Both<T> {
    a: T,
    b: Option<T>,
}

#[derive(Clone, Debug, PartialEq, Entity)]
struct Holder {
    pair: Pair<String, Wrapper<u64>, 1>,
    list: List,
    tagged: Option<Tagged<u8>>,
    both: Option<Both<i64>>,
    nested: Option<Pair<Both<u8>>>,
}

#[test]
fn parameters_are_carried_through() {
    let mut a: Holder = value(json!({"pair": {"list": ["a"], "one": 1}}));
    a.apply(patch::<Holder>(json!({
        "pair": {"array": ["x"]}, "list": ["1"], "tagged": {"id": 1}, "both": {"a": 1},
    })))
    .unwrap();
    assert_eq!(a.pair.one, Some(Wrapper(1)));
    assert_eq!(a.pair.array, Some(["x".to_owned()]));
    assert_eq!(a.list, [1]);
    let tagged = Tagged {
        id: 1,
        tag: PhantomData,
    };
    assert_eq!(a.tagged, Some(tagged));
    assert_eq!(a.both, Some(Both { a: 1, b: None }));
    let by_hand = TaggedPatch::<u8> {
        id: Some(Some(1)),
        ..Default::default()
    };
    assert!(!by_hand.is_empty());
}

#[derive(Clone, Debug, PartialEq, Section)]
struct Tree {
    name: String,
    next: Option<Box<Self>>,
    children: Vec<Tree>,
    by_name: BTreeMap<String, Tree>,
}

#[test]
fn a_section_may_hold_itself() {
    let mut a: Tree = value(json!({
        "name": "a",
        "next": {"name": "b"},
        "children": [{"name": "c", "children": [{"name": "d"}]}],
        "by_name": {"e": {"name": "e"}},
    }));
    a.apply(patch::<Tree>(
        json!({"next": {"next": {"name": "f"}}, "by_name": {"e": {"next": null}}}),
    ))
    .unwrap();
    let next = a.next.as_ref().unwrap();
    assert_eq!(
        (&*next.name, &*next.next.as_ref().unwrap().name),
        ("b", "f")
    );
    assert_eq!(a.children[0].children[0].name, "d");
}

#[derive(Clone, Debug, PartialEq, Default, Section)]
struct Empty {}

#[derive(Clone, Debug, PartialEq, Section)]
struct HoldsEmpty {
    empty: Empty,
    maybe: Option<Empty>,
}

#[test]
fn an_empty_section_is_one() {
    let mut a: HoldsEmpty = value(json!({}));
    assert_eq!(a.empty, Empty {});
    a.apply(patch::<HoldsEmpty>(json!({"maybe": {"x": 1}})))
        .unwrap();
    assert_eq!(a.maybe, Some(Empty {}));
}
