//! A type from a macro call is recognised by its spelling there.

use crate::value;
use hyperstack_sdk::Section;
use serde_json::json;
use std::net::Ipv4Addr;

macro_rules! section {
    ($name:ident { $($field:ident: $ty:ty),* }) => {
        #[derive(Clone, Debug, PartialEq, Section)]
        struct $name {$(
            #[field(serde)]
            $field: $ty,
        )*}
    };
}

section! { Addresses { maybe: Option<Ipv4Addr>, twice: Option<Option<Ipv4Addr>> } }

#[test]
fn an_option_is_one() {
    let a: Addresses = value(json!({}));
    assert_eq!((a.maybe, a.twice), (None, None));
    let a: Addresses = value(json!({"maybe": "1.2.3.4", "twice": null}));
    assert_eq!(
        (a.maybe, a.twice),
        (Some(Ipv4Addr::new(1, 2, 3, 4)), Some(None))
    );
}
