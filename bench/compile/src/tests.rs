//! Checks that both sides of the comparison have the same structs.

use crate::{entities, ore};
use std::collections::BTreeMap;
use syn::{Fields, Item, Type};

/// The structs of a file, with the names and types of their fields.
fn structs(source: &str) -> BTreeMap<String, Vec<(String, Type)>> {
    let items = syn::parse_file(source).unwrap().items;
    let named = items.into_iter().filter_map(|item| match item {
        Item::Struct(item) => match item.fields {
            Fields::Named(fields) => Some((item.ident.to_string(), fields.named)),
            _ => None,
        },
        _ => None,
    });
    named
        .map(|(name, fields)| {
            let fields = fields.into_iter();
            let fields = fields.map(|field| (field.ident.unwrap().to_string(), field.ty));
            (name, fields.collect())
        })
        .collect()
}

fn published() -> BTreeMap<String, Vec<(String, Type)>> {
    let files: BTreeMap<_, _> = ore::published().unwrap().into_iter().collect();
    structs(&files["types.rs"])
}

#[test]
fn our_translation_has_the_structs_and_fields_of_the_published() {
    assert!(structs(ore::OURS) == published());
}

#[test]
fn ours_has_three_entities() {
    assert_eq!(ore::OURS.matches(", Entity, Views)]").count(), 3);
}

/// Counts the fields of the entities and their sections. They do not use the other structs.
#[test]
fn the_published_entities_have_61_values_in_12_sections() {
    let structs = published();
    let (mut values, mut sections) = (0, 0);
    let mut open = vec!["OreRound", "OreTreasury", "OreMiner"];
    while let Some(name) = open.pop() {
        for (_, ty) in &structs[name] {
            match ty {
                Type::Path(path) => match path.path.get_ident().map(ToString::to_string) {
                    Some(section) if structs.contains_key(&section) => {
                        sections += 1;
                        open.push(structs.get_key_value(&section).unwrap().0);
                    }
                    _ => values += 1,
                },
                _ => values += 1,
            }
        }
    }
    assert_eq!((values, sections), (61, 12));
}

#[test]
fn each_kind_has_the_same_entities() {
    let expected = structs(&entities::KINDS[0].source());
    assert_eq!(expected.len(), entities::STRUCTS);
    for kind in &entities::KINDS {
        assert!(structs(&kind.source()) == expected, "{}", kind.package);
    }
}
