//! Finds the fields whose type is unknown because a program-spec is missing.

use std::collections::HashSet;

use crate::model::{Stack, Type};
use crate::names::snake;
use crate::spec;

/// Returns the paths of the fields that become `Value`, such as `OreRound.state.config`. `known` are the names of the
/// programs whose IDL is there.
pub(super) fn untyped(
    stack: &Stack,
    entities: &[spec::Entity],
    known: &HashSet<String>,
) -> Vec<String> {
    let mut paths = Vec::new();
    for entity in &stack.entities {
        let spec = entities.iter().find(|spec| spec.state_name == entity.name);
        let sections = entity.sections.iter();
        let sections = sections.map(|section| (Some(section.name.as_str()), &section.fields));
        for (section, fields) in sections.chain([(None, &entity.fields)]) {
            for field in fields {
                let declared = spec.and_then(|spec| declared(spec, section, &field.name));
                let needs_idl = declared.is_none_or(|ty| !is_any_json(ty) && !is_of(ty, known));
                if needs_idl && has_json(&field.ty, stack) {
                    let path = [Some(entity.name.as_str()), section, Some(&field.name)];
                    let path: Vec<&str> = path.into_iter().flatten().collect();
                    paths.push(format!("`{}`", path.join(".")));
                }
            }
        }
    }
    paths
}

/// Returns the type of a field as the stack's author wrote it. `None` if the field is in no section.
fn declared<'s>(entity: &'s spec::Entity, section: Option<&str>, name: &str) -> Option<&'s str> {
    let mut sections = entity.sections.iter();
    let section = sections.find(|known| match section {
        Some(section) => known.name == section,
        None => known.name.eq_ignore_ascii_case("root"),
    })?;
    let field = section
        .fields
        .iter()
        .find(|field| field.field_name == name)?;
    Some(&field.rust_type_name)
}

/// Returns whether the author declared any JSON.
fn is_any_json(ty: &str) -> bool {
    ty.split(|c: char| !c.is_alphanumeric())
        .any(|word| word == "Value")
}

/// Returns whether a type such as `ore_sdk :: types :: Config` belongs to one of the programs.
fn is_of(ty: &str, programs: &HashSet<String>) -> bool {
    let words = ty.split(|c: char| !c.is_alphanumeric() && c != '_');
    words
        .filter_map(|word| word.strip_suffix("_sdk"))
        .any(|program| programs.iter().any(|known| snake(known) == snake(program)))
}

fn has_json(ty: &Type, stack: &Stack) -> bool {
    let mut seen = HashSet::new();
    let mut rest = vec![ty];
    while let Some(ty) = rest.pop() {
        match ty {
            Type::Json => return true,
            Type::List(of)
            | Type::Array(of, _)
            | Type::Nullable(of)
            | Type::Capture(of)
            | Type::Event(of)
            | Type::Boxed(of) => rest.push(of),
            Type::Map(key, value) | Type::Instruction(key, value) => {
                rest.extend([&**key, &**value])
            }
            Type::Tuple(types) => rest.extend(types),
            Type::Defined(index) if seen.insert(*index) => {
                let def = stack.types.get(*index);
                rest.extend(def.into_iter().flat_map(|def| def.shape.types()));
            }
            _ => {}
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Data, Role, Shape, TypeDef, Variant};

    #[test]
    fn any_json_is_found_in_boxes_and_in_the_data_of_variants() {
        let shape = Shape::Enum(vec![Variant {
            name: "A".to_owned(),
            data: Data::Tuple(vec![Type::Boxed(Box::new(Type::Json))]),
        }]);
        let stack = Stack {
            name: "S".to_owned(),
            programs: Vec::new(),
            entities: Vec::new(),
            types: vec![TypeDef {
                name: "T".to_owned(),
                program: None,
                role: Role::Type,
                docs: Vec::new(),
                shape,
            }],
            served: None,
        };
        assert!(has_json(&Type::Defined(0), &stack));
        assert!(!has_json(&Type::Text, &stack));
    }

    #[test]
    fn the_case_of_a_program_does_not_matter() {
        let programs = HashSet::from(["tramLine".to_owned()]);
        assert!(is_of("Vec < tram_line_sdk :: types :: Config >", &programs));
        assert!(!is_of("tram_sdk :: types :: Config", &programs));
    }
}
