//! Resolves the types of fields in the programs' IDLs, with all their nested types, each once.

use std::collections::{HashMap, HashSet};

use super::cycle;
use super::field::transformed;
use super::interface::{self, Found, Place};
use super::source::SourceName;
use super::text::{self, Text};
use crate::model::{Data, Member, Role, Shape, Type, TypeDef, Variant};
use crate::names;
use crate::spec::{Idl, ResolvedField, ResolvedType};

/// The name of an account's field, and its transformation.
pub(super) type Transform = (String, String);

pub(super) struct Types<'a> {
    pub(super) idls: Vec<&'a Idl>,
    /// Whether the IDL of a program is missing.
    pub(super) lacks_idl: bool,
    defs: Vec<Option<TypeDef>>,
    known: HashMap<String, usize>,
}

impl<'a> Types<'a> {
    /// Creates an empty set of types for a stack with this number of programs.
    pub(super) fn new(idls: Vec<&'a Idl>, programs: usize) -> Self {
        Types {
            lacks_idl: idls.len() < programs,
            idls,
            defs: Vec::new(),
            known: HashMap::new(),
        }
    }

    pub(super) fn into_defs(self) -> Vec<TypeDef> {
        let mut defs: Vec<_> = self.defs.into_iter().flatten().collect();
        for def in &mut defs {
            if let Shape::Enum(variants) = &mut def.shape {
                let mut seen = HashSet::new();
                variants.retain(|variant| {
                    !variant.name.is_empty() && seen.insert(variant.name.clone())
                });
            }
            for members in def.shape.members_mut() {
                *members = distinct(std::mem::take(members));
            }
        }
        cycle::close(&mut defs);
        defs
    }

    /// Returns a finished type.
    pub(super) fn def(&self, index: usize) -> Option<&TypeDef> {
        self.defs.get(index)?.as_ref()
    }

    /// Returns the type for `key`, and defines it with `make` on first use. A type can contain itself.
    pub(super) fn define(&mut self, key: String, make: impl FnOnce(&mut Self) -> TypeDef) -> Type {
        if let Some(&index) = self.known.get(&key) {
            return Type::Defined(index);
        }
        let index = self.defs.len();
        self.defs.push(None);
        self.known.insert(key, index);
        let def = make(self);
        self.defs[index] = Some(def);
        Type::Defined(index)
    }

    /// Returns the type of a field, from its tokens or from the copy of an IDL type beside them.
    pub(super) fn of(
        &mut self,
        text: &Text,
        resolved: Option<&ResolvedType>,
        transforms: &[Transform],
    ) -> Option<Type> {
        self.tokens(text.ty()?, resolved, transforms)
    }

    fn tokens(
        &mut self,
        ty: &syn::Type,
        resolved: Option<&ResolvedType>,
        transforms: &[Transform],
    ) -> Option<Type> {
        match ty {
            syn::Type::Paren(inner) => self.tokens(&inner.elem, resolved, transforms),
            syn::Type::Group(inner) => self.tokens(&inner.elem, resolved, transforms),
            syn::Type::Reference(inner) => self.tokens(&inner.elem, resolved, transforms),
            syn::Type::Slice(inner) => {
                let element = self.tokens(&inner.elem, resolved, transforms)?;
                Some(Type::List(Box::new(element)))
            }
            syn::Type::Array(inner) => {
                let element = self.tokens(&inner.elem, resolved, transforms)?;
                Some(text::array(element, text::length(&inner.len).unwrap_or(0)))
            }
            syn::Type::Tuple(inner) => {
                let elements: Option<Vec<_>> = inner
                    .elems
                    .iter()
                    .map(|element| self.tokens(element, None, &[]))
                    .collect();
                Some(tuple(elements?))
            }
            syn::Type::Path(_) => self.named(ty, resolved, transforms),
            _ => None,
        }
    }

    fn named(
        &mut self,
        ty: &syn::Type,
        resolved: Option<&ResolvedType>,
        transforms: &[Transform],
    ) -> Option<Type> {
        let name = text::name(ty)?;
        let mut inner = |ty| self.tokens(ty, resolved, transforms);
        match (&*name.last, &name.args[..]) {
            ("Option", [ty]) => return Some(Type::Nullable(Box::new(inner(ty)?))),
            (last, [ty, ..]) if text::LISTS.contains(&last) => {
                return Some(Type::List(Box::new(inner(ty)?)))
            }
            ("HashMap" | "BTreeMap" | "IndexMap", [key, value, ..]) => {
                let value = inner(value)?;
                return Some(map(self.tokens(key, None, &[])?, value));
            }
            ("HashMap" | "BTreeMap", [value]) => return Some(map(Type::Text, inner(value)?)),
            ("Box" | "Arc" | "Rc", [ty]) => return inner(ty),
            _ => {}
        }
        let local = !name
            .before
            .iter()
            .any(|module| interface::is_module(module));
        // A program may define a type with the name of a scalar or resolver type.
        if local && resolved.is_none_or(|copy| copy.type_name != name.last) {
            if let Some(ty) = text::scalar(&name.last).or_else(|| text::resolved(&name.last)) {
                return Some(ty);
            }
        }
        let place = Place::of_path(&name.before, &self.idls);
        match self.path(place, &name.last, transforms) {
            Some(ty) => Some(ty),
            None => match resolved {
                Some(resolved) => Some(self.resolved(resolved, transforms)),
                None => text::scalar(&name.last),
            },
        }
    }

    /// Returns the type of a whole source, such as `ore::MinerState`.
    pub(super) fn source(&mut self, from: &str, transforms: &[Transform]) -> Option<Type> {
        let source = SourceName::parse(from);
        self.path(source.place()?, source.name, transforms)
    }

    /// Returns the type with the name `last` at a place in the IDLs.
    fn path(&mut self, place: Place<'_>, last: &str, transforms: &[Transform]) -> Option<Type> {
        let found = interface::find(&self.idls, place, last)?;
        Some(match found {
            Found::Account(program, account) => self.account(program, account, transforms),
            Found::Event(program, event) => self.own_event(program, event),
            Found::Type(program, entry) => self.entry(program, entry, transforms),
            Found::Instruction(program, instruction) => self.instruction(program, instruction),
        })
    }

    /// Returns the type of a copy of an IDL type.
    pub(super) fn resolved(&mut self, resolved: &ResolvedType, transforms: &[Transform]) -> Type {
        let name = &resolved.type_name;
        let role = match resolved {
            ResolvedType {
                is_account: true, ..
            } => Role::Account,
            ResolvedType { is_event: true, .. } => Role::Event,
            ResolvedType {
                is_instruction: true,
                ..
            } => Role::Args,
            _ => Role::Type,
        };
        let key = format!("resolved {role:?} {name} {resolved:?} {transforms:?}");
        self.define(key, |types| TypeDef {
            name: name.clone(),
            program: None,
            role,
            docs: Vec::new(),
            shape: types.copied(resolved, transforms),
        })
    }

    fn copied(&mut self, resolved: &ResolvedType, transforms: &[Transform]) -> Shape {
        if resolved.is_enum {
            // A copy has only the names of the variants.
            let variants = resolved.enum_variants.iter().map(|name| Variant {
                name: name.clone(),
                data: Data::None,
            });
            return Shape::Enum(variants.collect());
        }
        let members = self.copied_members(resolved, transforms);
        let numbered = |(i, member): (usize, &Member)| member.name == format!("_{i}");
        if !members.is_empty() && members.iter().enumerate().all(numbered) {
            return Shape::Tuple(members.into_iter().map(|member| member.ty).collect());
        }
        Shape::Struct(members)
    }

    pub(super) fn copied_members(
        &mut self,
        resolved: &ResolvedType,
        transforms: &[Transform],
    ) -> Vec<Member> {
        resolved
            .fields
            .iter()
            .map(|field| {
                let mut ty = self.copied_text(field);
                let listed = matches!(ty, Type::List(_) | Type::Array(..) | Type::Nullable(_));
                if field.is_array && !listed {
                    ty = Type::List(Box::new(ty));
                }
                if field.is_optional && !matches!(ty, Type::Nullable(_)) {
                    ty = Type::Nullable(Box::new(ty));
                }
                member(&field.field_name, &field.field_type, ty, transforms)
            })
            .collect()
    }

    /// Returns the type of a copy's field. Copies contain neither array lengths nor map keys.
    fn copied_text(&mut self, field: &ResolvedField) -> Type {
        let text = Text::parse(&field.field_type);
        let ty = text.ty().and_then(|ty| self.tokens(ty, None, &[]));
        ty.unwrap_or_else(|| text::guessed(&field.base_type, field.integer_kind.as_deref()))
    }
}

/// Returns a member with its wire name and type. `name` and `word` are its name and type in the IDL.
pub(super) fn member(name: &str, word: &str, ty: Type, transforms: &[Transform]) -> Member {
    let wire = names::wire_snake(name);
    let transform = transforms
        .iter()
        .find(|(field, _)| *field == wire || field == name)
        .map_or("", |(_, transform)| transform);
    // An address is already text and is not encoded again.
    let address = note(word);
    let note = match transform {
        "Base58Decode" => "",
        _ if !address.is_empty() => address,
        "HexEncode" => "In hex.",
        "Base58Encode" => "In base58.",
        _ => text::unit(name, &ty).unwrap_or_default(),
    };
    Member {
        name: wire,
        declared: name.to_owned(),
        ty: transformed(transform, ty),
        note: note.to_owned(),
    }
}

/// Merges members with the same name. If their types differ, the result is any JSON. Drops members without a name,
/// because they are never on the wire.
pub(super) fn distinct(members: Vec<Member>) -> Vec<Member> {
    let mut distinct: Vec<Member> = Vec::new();
    for member in members {
        match distinct.iter_mut().find(|known| known.name == member.name) {
            Some(known) if known.ty != member.ty => known.ty = Type::Json,
            None if !member.name.is_empty() => distinct.push(member),
            _ => {}
        }
    }
    distinct
}

/// Returns what a member's Rust type does not show.
fn note(word: &str) -> &'static str {
    match word {
        "pubkey" | "publicKey" | "Pubkey" => "In base58.",
        _ => "",
    }
}

/// Returns the type of an object whose keys are data.
pub(super) fn map(key: Type, value: Type) -> Type {
    let key = match key {
        Type::Int(_) | Type::Bool => key,
        _ => Type::Text,
    };
    Type::Map(Box::new(key), Box::new(value))
}

/// Returns the type of a list with one element of each type.
pub(super) fn tuple(elements: Vec<Type>) -> Type {
    match elements.len() {
        1 => Type::Array(
            Box::new(elements.into_iter().next().unwrap_or(Type::Json)),
            1,
        ),
        2..=12 => Type::Tuple(elements),
        _ => Type::List(Box::new(Type::Json)),
    }
}
