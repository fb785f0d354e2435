//! Chooses Rust names: unique, and different from all names that already have a meaning.

use std::collections::{HashMap, HashSet};

use crate::model::{Entity, Role, Stack, TypeDef};
use crate::names::{ident, is_keyword, pascal, snake};

/// Names of types that generated code must not redefine: those of the prelude, and those that it imports.
const RESERVED: &[&str] = &[
    "BTreeMap",
    "Box",
    "Capture",
    "Clone",
    "Copy",
    "Debug",
    "Default",
    "Drop",
    "Entity",
    "Eq",
    "Err",
    "Event",
    "Fn",
    "FnMut",
    "FnOnce",
    "From",
    "Hash",
    "Instruction",
    "Into",
    "Iterator",
    "Leaf",
    "None",
    "Ok",
    "Option",
    "Ord",
    "PartialEq",
    "PartialOrd",
    "Result",
    "Section",
    "Self",
    "Send",
    "Sized",
    "SlotHashBytes",
    "Some",
    "Stack",
    "String",
    "Sync",
    "ToOwned",
    "ToString",
    "TokenMetadata",
    "TryFrom",
    "TryInto",
    "Unpin",
    "Value",
    "Vec",
    "Views",
];

/// A pseudo suffix for the name in snake case, which is the entity's field in the stack's client.
const FIELD: &str = "_";

/// The names of a stack.
pub(super) struct Names {
    pub(super) stack: String,
    pub(super) entities: Vec<EntityNames>,
    /// The names of the stack's types, by index.
    pub(super) types: Vec<String>,
    taken: HashSet<String>,
}

/// The names of an entity.
pub(super) struct EntityNames {
    pub(super) ty: String,
    pub(super) sections: Vec<SectionNames>,
    pub(super) fields: Vec<String>,
    pub(super) views: Vec<String>,
}

/// The names of a section.
pub(super) struct SectionNames {
    pub(super) field: String,
    pub(super) ty: String,
    pub(super) fields: Vec<String>,
}

impl Names {
    /// Chooses names. The struct of the stack is named after `title`.
    pub(super) fn new(title: &str, stack: &Stack) -> Self {
        let mut scope = Scope {
            taken: RESERVED.iter().map(|name| (*name).to_owned()).collect(),
        };
        // Programs use entities most, so they choose their names first.
        let of_stack = type_name(title);
        let entities: Vec<String> = stack
            .entities
            .iter()
            .map(|entity| {
                let name = type_name(&entity.name);
                let candidates = [name.clone(), format!("{of_stack}{name}")];
                scope.free(candidates, &["Patch", "Entity", "Views", FIELD])
            })
            .collect();
        let name = match of_stack.ends_with("Stack") {
            true => of_stack.clone(),
            false => format!("{of_stack}Stack"),
        };
        let name = scope.free([name.clone(), format!("{name}Server")], &["Client"]);
        let entities = stack
            .entities
            .iter()
            .zip(entities)
            .map(|(entity, ty)| scope.entity(entity, ty))
            .collect();
        let types = scope.types(&stack.types);
        Names {
            stack: name,
            entities,
            types,
            taken: scope.taken,
        }
    }

    /// Returns whether a type name is reserved or generated.
    pub(super) fn has(&self, name: &str) -> bool {
        self.taken.contains(name)
    }
}

/// Converts any text to a type name.
fn type_name(name: &str) -> String {
    match pascal(name) {
        name if name.is_empty() => "Unnamed".to_owned(),
        name if name.starts_with(|c: char| c.is_ascii_digit()) => format!("T{name}"),
        name => name,
    }
}

/// The type names that are taken.
struct Scope {
    taken: HashSet<String>,
}

impl Scope {
    /// Takes the first candidate that is free, together with the names that the derives make from it. If none is
    /// free, takes the last candidate with a number.
    fn free<const N: usize>(&mut self, candidates: [String; N], derived: &[&str]) -> String {
        let numbered = candidates.last().cloned().unwrap_or_default();
        let numbered = (2..).map(|n: u32| format!("{numbered}{n}"));
        for name in candidates.into_iter().chain(numbered) {
            let with = derived.iter().map(|suffix| match *suffix {
                FIELD => snake(&name),
                suffix => format!("{name}{suffix}"),
            });
            let names: Vec<_> = std::iter::once(name.clone()).chain(with).collect();
            if names.iter().all(|name| !self.taken.contains(name)) {
                self.taken.extend(names);
                return name;
            }
        }
        unreachable!("the numbered names are endless")
    }

    fn entity(&mut self, entity: &Entity, ty: String) -> EntityNames {
        let mut own = Fields::default();
        let sections = entity
            .sections
            .iter()
            .map(|section| {
                let name = format!("{ty}{}", type_name(&section.name));
                let mut fields = Fields::default();
                SectionNames {
                    field: own.free(&section.name),
                    ty: self.free([name.clone(), format!("{name}Section")], &["Patch"]),
                    fields: section
                        .fields
                        .iter()
                        .map(|f| fields.free(&f.name))
                        .collect(),
                }
            })
            .collect();
        EntityNames {
            fields: entity
                .fields
                .iter()
                .map(|field| own.free(&field.name))
                .collect(),
            sections,
            views: views(entity),
            ty,
        }
    }

    fn types(&mut self, types: &[TypeDef]) -> Vec<String> {
        let mut count: HashMap<String, usize> = HashMap::new();
        for def in types {
            *count.entry(base(def)).or_default() += 1;
        }
        types
            .iter()
            .map(|def| {
                let base = base(def);
                let role = match def.role {
                    Role::Account => "Account",
                    Role::Event if base.ends_with("Event") => "Data",
                    Role::Event => "Event",
                    Role::Accounts | Role::Args | Role::Type => "Type",
                };
                let in_program = match &def.program {
                    Some(program) => format!("{}{base}", type_name(program)),
                    None => format!("{base}{role}"),
                };
                // If two programs define the name, both get their program's prefix.
                let shared = count.get(&base).is_some_and(|n| *n > 1) && def.program.is_some();
                let first = if shared { in_program.clone() } else { base };
                let last = format!("{in_program}{role}");
                self.free([first, in_program, last], &[])
            })
            .collect()
    }
}

/// Returns the preferred name of a type.
fn base(def: &TypeDef) -> String {
    let name = type_name(&def.name);
    match def.role {
        Role::Accounts => format!("{name}Accounts"),
        Role::Args => format!("{name}Args"),
        _ => name,
    }
}

/// The names of fields or variants that are taken in one type.
#[derive(Default)]
pub(super) struct Fields {
    taken: HashSet<String>,
}

impl Fields {
    /// Takes these names.
    pub(super) fn except(taken: &[&str]) -> Self {
        Fields {
            taken: taken.iter().map(|name| (*name).to_owned()).collect(),
        }
    }

    /// Returns the field's name in Rust.
    pub(super) fn free(&mut self, wire: &str) -> String {
        self.numbered(ident(&snake(wire)), "_")
    }

    /// Returns the taken names in no particular order.
    pub(super) fn taken(&self) -> impl Iterator<Item = &String> {
        self.taken.iter()
    }

    /// Returns a constant's name in Rust.
    pub(super) fn constant(&mut self, name: &str) -> String {
        self.numbered(name.to_owned(), "_")
    }

    /// Returns the variant's name in Rust.
    pub(super) fn variant(&mut self, wire: &str) -> String {
        let name = match pascal(wire) {
            name if name == "Self" => "SelfVariant".to_owned(),
            name => type_name(&name),
        };
        self.numbered(name, "")
    }

    fn numbered(&mut self, name: String, separator: &str) -> String {
        let bare = name.trim_start_matches("r#").trim_end_matches('_');
        let numbered = (2..).map(|n: u32| format!("{bare}{separator}{n}"));
        unused(
            &mut self.taken,
            std::iter::once(name.clone()).chain(numbered),
        )
    }
}

/// Takes the first name that is not taken.
fn unused(taken: &mut HashSet<String>, names: impl IntoIterator<Item = String>) -> String {
    let name = names.into_iter().find(|name| !taken.contains(name));
    let name = name.unwrap_or_default();
    taken.insert(name.clone());
    name
}

/// Returns the names of the accessors of derived views, different from those that every entity has.
fn views(entity: &Entity) -> Vec<String> {
    let mut taken: HashSet<String> = [
        "state",
        "list",
        "new",
        "single",
        "keyed",
        "collection",
        "id",
    ]
    .map(str::to_owned)
    .into();
    entity
        .views
        .iter()
        .map(|view| {
            let tail = view.id.split_once('/').map_or(&*view.id, |(_, tail)| tail);
            let name = match snake(tail) {
                name if name.is_empty() => "view".to_owned(),
                name if name.starts_with(|c: char| c.is_ascii_digit()) => format!("_{name}"),
                name => name,
            };
            let numbered = (2..).map(|n: u32| format!("{name}_view{n}"));
            let names = [name.clone(), format!("{name}_view")].into_iter();
            let names = names.chain(numbered).filter(|name| !is_keyword(name));
            unused(&mut taken, names)
        })
        .collect()
}
