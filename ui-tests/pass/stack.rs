//! A stack can name its entities in many ways.

use hyperstack_sdk::{Entity, Stack, Views};

#[derive(Clone, Debug, PartialEq, Entity, Views)]
#[view(latest, single)]
struct OreRound {
    id: u64,
}

#[derive(Clone, Debug, PartialEq, Entity, Views)]
#[entity(name = "OreType")]
struct Type {
    id: u64,
}

mod old {
    #[derive(Clone, Debug, PartialEq, hyperstack_sdk::Entity, hyperstack_sdk::Views)]
    pub(crate) struct OreRound {
        id: u64,
    }
}

use old::OreRound as OldOreRound;

#[derive(Stack)]
#[stack(crate = hyperstack_sdk, name = "ore", url = "WSS://ore.example")]
#[stack(entities(OreRound, Type, OldOreRound))]
struct OreStack;

#[test]
fn each_entity_has_a_field() {
    let _: fn(OreStackClient) -> OreRoundViews = |ore| ore.ore_round;
    let _: fn(OreStackClient) -> TypeViews = |ore| ore.r#type;
    let _: fn(OreStackClient) -> old::OreRoundViews = |ore| ore.old_ore_round;
    assert_eq!(
        (OreStack::NAME, OreStack::URL),
        ("ore", "WSS://ore.example")
    );
}

/// An unused stack.
#[derive(Stack)]
#[stack(url = "ws://localhost:8877", entities(old::OreRound))]
struct Local;

#[test]
fn a_stack_is_called_as_its_struct_is() {
    assert_eq!(Local::NAME, "Local");
}

/// A client can be used in any task.
fn _sent() -> impl Send {
    OreStack::connect()
}

/// Macros can generate entities and stacks.
macro_rules! stack {
    ($stack:ident, $entity:ident, $url:literal) => {
        #[derive(Clone, Debug, PartialEq, Entity, Views)]
        #[entity(key(id.number: u64))]
        struct $entity {
            id: Numbered,
        }

        #[derive(Clone, Debug, PartialEq, hyperstack_sdk::Section)]
        struct Numbered {
            number: u64,
        }

        #[derive(Stack)]
        #[stack(url = $url, entities($entity))]
        struct $stack;
    };
}

stack!(MadeStack, MadeRound, "wss://made.example");

#[test]
fn a_stack_may_come_out_of_another_macro() {
    let _: fn(MadeStackClient) -> MadeRoundViews = |made| made.made_round;
    let made: MadeRound = crate::value(r#"{"id": {"number": 7}}"#);
    assert_eq!(hyperstack_sdk::RowKey::key(&made), Some(&7));
    assert_eq!(MadeStack::URL, "wss://made.example");
}
