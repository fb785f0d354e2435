//! Looks up names in the programs' IDLs, and converts their types to wire types.

use serde_json::Value;

use super::text;
use super::types::{self, map, tuple, Transform, Types};
use crate::model::{Data, Member, Role, Shape, Type, TypeDef, Variant};
use crate::names;
use crate::spec::{Account, Idl, Instruction, TypeEntry};

/// The definition of a name in an IDL, and the index of its program.
pub(super) enum Found<'a> {
    Account(usize, &'a Account),
    /// An event with fields of its own.
    Event(usize, &'a Account),
    Type(usize, &'a TypeEntry),
    Instruction(usize, &'a Instruction),
}

/// Returns whether `name` is one of the modules that contain the types of an IDL.
pub(super) fn is_module(name: &str) -> bool {
    matches!(name, "accounts" | "types" | "instructions" | "events")
}

/// The part of the IDLs in which a name is looked up.
#[derive(Clone, Copy)]
pub(super) struct Place<'p> {
    /// The program, or empty for all programs.
    pub(super) program: &'p str,
    pub(super) module: Option<&'p str>,
}

impl<'p> Place<'p> {
    /// Returns the place that the names before the last one of a path say: `ore_sdk::accounts::Miner` is among the
    /// accounts of `ore`.
    pub(super) fn of_path(before: &'p [String], idls: &[&Idl]) -> Self {
        let mut names = before.iter().map(String::as_str);
        let first = names.clone().next().unwrap_or_default();
        let program = match names.clone().find_map(|name| name.strip_suffix("_sdk")) {
            // The first stack files have one program, and all of them call its module so.
            Some("generated") => "",
            Some(program) => program,
            None if idls.iter().any(|idl| is_program(idl, first)) => first,
            None => "",
        };
        Place {
            program,
            module: names.find(|name| is_module(name)),
        }
    }
}

/// Returns whether the IDL is that of the program, whose name may have another case.
fn is_program(idl: &Idl, program: &str) -> bool {
    names::snake(&idl.name) == names::snake(program)
}

/// Finds `last` in a place of the IDLs. Another program's type of that name is another type.
pub(super) fn find<'a>(idls: &[&'a Idl], place: Place<'_>, last: &str) -> Option<Found<'a>> {
    idls.iter().enumerate().find_map(|(program, &idl)| {
        let is_any = place.program.is_empty() || idl.name.is_empty();
        let is_searched = is_any || is_program(idl, place.program);
        is_searched.then(|| find_in(program, idl, place.module, last))?
    })
}

fn find_in<'a>(
    program: usize,
    idl: &'a Idl,
    module: Option<&str>,
    last: &str,
) -> Option<Found<'a>> {
    let account = || Some(Found::Account(program, named(&idl.accounts, last)?));
    let entry = || Some(Found::Type(program, named(&idl.types, last)?));
    match module {
        Some("instructions") => Some(Found::Instruction(program, named(&idl.instructions, last)?)),
        // The fields of an event are usually in the type with its name.
        Some("events") => {
            entry().or_else(|| Some(Found::Event(program, named(&idl.events, last)?)))
        }
        Some("types") => entry(),
        _ => account().or_else(entry),
    }
}

/// An item of an IDL with a name.
pub(super) trait Named {
    fn name(&self) -> &str;
}

macro_rules! named {
    ($($ty:ty)*) => {$(
        impl Named for $ty {
            fn name(&self) -> &str {
                &self.name
            }
        }
    )*};
}

named! { Account Instruction TypeEntry }

/// Finds an item by its name, or else by its name in another case: `BuyExactSolIn` is `buy_exact_sol_in`.
pub(super) fn named<'a, T: Named>(items: &'a [T], name: &str) -> Option<&'a T> {
    let plain = |name: &str| name.replace('_', "").to_lowercase();
    let mut all = items.iter();
    let exact = all.find(|item| item.name() == name);
    exact.or_else(|| items.iter().find(|item| plain(item.name()) == plain(name)))
}

/// Returns the fields of a type.
pub(super) fn fields(shape: &Value) -> &[Value] {
    shape["fields"].as_array().map_or(&[], Vec::as_slice)
}

/// The keys of types in an IDL. The last one names another type.
const KINDS: &[&str] = &[
    "option", "coption", "vec", "hashSet", "bTreeSet", "array", "hashMap", "bTreeMap", "map",
    "tuple", "string", "defined",
];

impl<'a> Types<'a> {
    /// Returns the name of a program if there are several.
    pub(super) fn program(&self, program: usize) -> Option<String> {
        let name = &self.idls[program].name;
        let more = self.idls.iter().any(|idl| idl.name != *name);
        (more && !name.is_empty()).then(|| name.clone())
    }

    pub(super) fn account(
        &mut self,
        program: usize,
        account: &'a Account,
        transforms: &[Transform],
    ) -> Type {
        self.item(program, Role::Account, account, transforms)
    }

    /// Returns the type of an event with fields of its own.
    pub(super) fn own_event(&mut self, program: usize, event: &'a Account) -> Type {
        self.item(program, Role::Type, event, &[])
    }

    fn item(
        &mut self,
        program: usize,
        role: Role,
        account: &'a Account,
        transforms: &[Transform],
    ) -> Type {
        let entry = self.type_of(program, account);
        let docs = if account.docs.is_empty() {
            entry.map(|entry| entry.docs.clone()).unwrap_or_default()
        } else {
            account.docs.clone()
        };
        let head = (&*account.name, role, docs);
        let fields = self.account_fields(program, account);
        let variants = match (account.fields.is_empty(), account.shape.is_object(), entry) {
            (true, true, _) => account.shape["variants"].as_array(),
            (true, false, Some(entry)) => entry.shape["variants"].as_array(),
            _ => None,
        };
        self.shaped(program, head, (fields, variants), transforms)
    }

    /// Returns the type that has the account's name.
    fn type_of(&self, program: usize, account: &Account) -> Option<&'a TypeEntry> {
        named(&self.idls[program].types, &account.name)
    }

    /// Returns the fields of an account: its own, or those of the type with its name.
    pub(super) fn account_fields(&self, program: usize, account: &'a Account) -> &'a [Value] {
        match (account.fields.is_empty(), account.shape.is_object()) {
            (false, _) => &account.fields,
            (true, true) => fields(&account.shape),
            (true, false) => match self.type_of(program, account) {
                Some(entry) => fields(&entry.shape),
                None => &[],
            },
        }
    }

    pub(super) fn entry(
        &mut self,
        program: usize,
        entry: &'a TypeEntry,
        transforms: &[Transform],
    ) -> Type {
        // Aliases, for example, have neither fields nor variants.
        let shape = &entry.shape;
        let known = matches!(shape["kind"].as_str(), None | Some("struct" | "enum"));
        if !known && !shape["fields"].is_array() && !shape["variants"].is_array() {
            return Type::Json;
        }
        let head = (&*entry.name, Role::Type, entry.docs.clone());
        let shape = (fields(shape), shape["variants"].as_array());
        self.shaped(program, head, shape, transforms)
    }

    fn shaped(
        &mut self,
        program: usize,
        (name, role, docs): (&str, Role, Vec<String>),
        shape: (&[Value], Option<&Vec<Value>>),
        transforms: &[Transform],
    ) -> Type {
        // Without transformations, an account and the type with its name share one definition.
        let key = format!("{program} {name} {transforms:?}");
        self.define(key, |types| TypeDef {
            name: name.to_owned(),
            program: types.program(program),
            role,
            docs,
            shape: types.shape(program, shape, transforms),
        })
    }

    /// Returns the shape of a type with these fields or variants.
    fn shape(
        &mut self,
        program: usize,
        (fields, variants): (&[Value], Option<&Vec<Value>>),
        transforms: &[Transform],
    ) -> Shape {
        if let Some(variants) = variants {
            let variants = variants.iter().filter_map(|variant| {
                Some(Variant {
                    name: variant["name"].as_str()?.to_owned(),
                    data: self.data(program, self::fields(variant), &[]),
                })
            });
            return Shape::Enum(variants.collect());
        }
        match self.data(program, fields, transforms) {
            Data::Struct(members) => Shape::Struct(members),
            Data::Tuple(elements) => Shape::Tuple(elements),
            Data::None => Shape::Struct(Vec::new()),
        }
    }

    /// Returns what a struct or a variant with these fields holds.
    fn data(&mut self, program: usize, fields: &[Value], transforms: &[Transform]) -> Data {
        let is_named = |field: &Value| field["name"].is_string();
        if fields.is_empty() {
            return Data::None;
        }
        if !fields.iter().all(is_named) {
            let elements = fields.iter().map(|field| self.idl(program, field));
            return Data::Tuple(elements.collect());
        }
        let members = fields.iter().filter_map(|field| {
            let name = field["name"].as_str()?;
            Some(self.member(program, name, &field["type"], transforms))
        });
        Data::Struct(members.collect())
    }

    fn member(
        &mut self,
        program: usize,
        name: &str,
        ty: &Value,
        transforms: &[Transform],
    ) -> Member {
        let word = ty.as_str().unwrap_or_default();
        types::member(name, word, self.idl(program, ty), transforms)
    }

    /// Converts a type as an IDL writes it.
    pub(super) fn idl(&mut self, program: usize, ty: &Value) -> Type {
        if let Some(name) = ty.as_str() {
            return text::scalar(name).unwrap_or_else(|| self.defined(program, name));
        }
        // Other keys beside the kind, such as `lengthPrefix`, concern only the account's bytes.
        let known = ty.as_object().and_then(|object| {
            let mut kinds = KINDS.iter();
            kinds.find_map(|kind| Some((*kind, object.get(*kind)?)))
        });
        let Some((kind, inner)) = known else {
            return Type::Json;
        };
        match kind {
            "option" | "coption" => Type::Nullable(Box::new(self.idl(program, inner))),
            "vec" | "hashSet" | "bTreeSet" => Type::List(Box::new(self.idl(program, inner))),
            "array" => {
                let length = inner[1].as_u64().and_then(|n| usize::try_from(n).ok());
                text::array(self.idl(program, &inner[0]), length.unwrap_or(0))
            }
            "hashMap" | "bTreeMap" | "map" => {
                let key = self.idl(program, &inner[0]);
                map(key, self.idl(program, &inner[1]))
            }
            "tuple" => {
                let elements = inner.as_array().map_or(&[][..], Vec::as_slice);
                let elements = elements.iter().map(|ty| self.idl(program, ty));
                tuple(elements.collect())
            }
            "string" => Type::Text,
            _ => {
                let name = inner.as_str().or_else(|| inner["name"].as_str());
                self.defined(program, name.unwrap_or_default())
            }
        }
    }

    /// Returns a type that the IDL defines, or any JSON.
    fn defined(&mut self, program: usize, name: &str) -> Type {
        let idl = self.idls[program];
        if let Some(entry) = named(&idl.types, name) {
            return self.entry(program, entry, &[]);
        }
        match named(&idl.accounts, name) {
            Some(account) => self.account(program, account, &[]),
            None => Type::Json,
        }
    }

    /// Returns the type of a whole instruction: its arguments, and the addresses of its accounts under their IDL
    /// names.
    pub(super) fn instruction(&mut self, program: usize, instruction: &'a Instruction) -> Type {
        let name = names::pascal(&instruction.name);
        let docs = &instruction.docs;
        let accounts = self.define(format!("{program} {name} accounts"), |types| TypeDef {
            name: name.clone(),
            program: types.program(program),
            role: Role::Accounts,
            docs: docs.clone(),
            shape: Shape::Struct(
                instruction
                    .accounts
                    .iter()
                    .map(|account| Member {
                        name: account.name.clone(),
                        declared: account.name.clone(),
                        ty: Type::Text,
                        note: account.docs.join(" "),
                    })
                    .collect(),
            ),
        });
        let args = self.define(format!("{program} {name} arguments"), |types| TypeDef {
            name: name.clone(),
            program: types.program(program),
            role: Role::Args,
            docs: docs.clone(),
            shape: Shape::Struct(
                instruction
                    .args
                    .iter()
                    .map(|arg| types.member(program, &arg.name, &arg.ty, &[]))
                    .collect(),
            ),
        });
        Type::Instruction(Box::new(accounts), Box::new(args))
    }
}
