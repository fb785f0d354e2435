//! Resolves instructions and events: whole ones, or the fields that a stack picks.

use serde_json::Value;

use super::field::{makes_text, transformed};
use super::interface::{self, Found, Place};
use super::source::{Kind, SourceName};
use super::text::Text;
use super::types::{self, Types};
use crate::model::{Member, Role, Shape, Type, TypeDef};
use crate::names::wire_snake;
use crate::spec::{Instruction, ResolvedType};

/// What an IDL has for an event's source.
enum Origin<'a> {
    Instruction(usize, &'a Instruction),
    /// An event of a program. It has only arguments, whose type has the event's name.
    Log(Type),
    Unknown,
}

impl<'a> Types<'a> {
    /// Returns the type of the `data` of a field's events. Each item of `events` is a source and its mapping.
    pub(super) fn event(
        &mut self,
        path: &str,
        text: &Text,
        resolved: Option<&ResolvedType>,
        events: &[(&str, &Value)],
    ) -> Type {
        let mut members: Vec<Member> = Vec::new();
        let mut whole = None;
        for (from, event) in events {
            let origin = self.origin(from, text);
            let picked = event["fields"].as_array().map_or(&[][..], Vec::as_slice);
            if picked.is_empty() {
                let ty = self.whole(path, origin, resolved);
                whole = Some(match whole {
                    Some(known) if known != ty => Type::Json,
                    _ => ty,
                });
                continue;
            }
            for source in picked {
                let from = &source["FromSource"];
                let Some(segments) = segments(&from["path"]) else {
                    continue;
                };
                members.extend(self.picked(&origin, &segments, from, resolved));
            }
        }
        let members = types::distinct(members);
        match (whole, members.is_empty()) {
            (Some(whole), true) => whole,
            (None, false) => {
                let name = event_name(path, text, events);
                self.define(format!("{name} {members:?}"), |_| TypeDef {
                    name,
                    program: None,
                    role: Role::Event,
                    docs: Vec::new(),
                    shape: Shape::Struct(members),
                })
            }
            // Some sources provide the whole event and others a part, so no single shape fits.
            _ => Type::Json,
        }
    }

    /// Finds an event in the IDLs by the name of its source, such as `pump::BuyIxState`, or by the tokens of the
    /// field's type.
    fn origin(&mut self, from: &str, text: &Text) -> Origin<'a> {
        let source = SourceName::parse(from);
        let (before, last) = text.path().unwrap_or_default();
        let mut declared = Place::of_path(&before, &self.idls);
        let mut places = Vec::new();
        if declared.program.is_empty() {
            declared.program = source.program;
        }
        if let (Kind::Instruction | Kind::Event, Some(mut place)) = (source.kind, source.place()) {
            if place.program.is_empty() {
                place.program = declared.program;
            }
            places.push((place, source.name));
        }
        places.push((declared, &last));
        for (place, last) in places {
            match interface::find(&self.idls, place, last) {
                Some(Found::Instruction(program, found)) => {
                    return Origin::Instruction(program, found)
                }
                Some(Found::Type(program, found)) => {
                    return Origin::Log(self.entry(program, found, &[]))
                }
                Some(Found::Event(program, found)) => {
                    return Origin::Log(self.own_event(program, found))
                }
                Some(Found::Account(..)) | None => {}
            }
        }
        Origin::Unknown
    }

    /// Returns the type of a whole instruction or event.
    fn whole(&mut self, path: &str, origin: Origin<'a>, resolved: Option<&ResolvedType>) -> Type {
        match (origin, resolved) {
            (Origin::Instruction(program, instruction), _) => {
                self.instruction(program, instruction)
            }
            (Origin::Log(data), _) => self.log(path, data),
            (Origin::Unknown, Some(copy)) if copy.is_event => {
                let data = self.resolved(copy, &[]);
                self.log(path, data)
            }
            (Origin::Unknown, Some(copy)) => self.copied_instruction(copy),
            (Origin::Unknown, None) => Type::Json,
        }
    }

    /// Returns the type of an event of a program. It has no accounts, and its fields are in `data`, like the
    /// arguments of an instruction.
    fn log(&mut self, path: &str, data: Type) -> Type {
        let name = format!("{}Log", self.name_of(&data).unwrap_or(path));
        self.define(format!("{name} {data:?}"), |_| TypeDef {
            name,
            program: None,
            role: Role::Event,
            docs: Vec::new(),
            shape: Shape::Struct(vec![Member {
                name: "data".to_owned(),
                declared: "data".to_owned(),
                ty: data,
                note: String::new(),
            }]),
        })
    }

    /// Returns the name of a defined type.
    fn name_of(&self, ty: &Type) -> Option<&str> {
        match ty {
            Type::Defined(index) => self.def(*index).map(|def| &*def.name),
            _ => None,
        }
    }

    /// Returns the type of an instruction that the file contains only as a copy. In a copy, `Pubkey` with a
    /// capital letter marks an account.
    fn copied_instruction(&mut self, copy: &ResolvedType) -> Type {
        let members = self.copied_members(copy, &[]);
        let (accounts, args) = copy
            .fields
            .iter()
            .zip(members)
            .partition::<Vec<_>, _>(|(field, _)| field.field_type == "Pubkey");
        let mut define = |role: Role, members: Vec<Member>| {
            let key = format!("resolved {role:?} {copy:?}");
            self.define(key, |_| TypeDef {
                name: copy.type_name.clone(),
                program: None,
                role,
                docs: Vec::new(),
                shape: Shape::Struct(members),
            })
        };
        let accounts = accounts.into_iter().map(|(field, member)| Member {
            name: field.field_name.clone(), // as in the IDL
            note: String::new(),
            ..member
        });
        let accounts = define(Role::Accounts, accounts.collect());
        let args = define(Role::Args, args.into_iter().map(|(_, arg)| arg).collect());
        Type::Instruction(Box::new(accounts), Box::new(args))
    }

    /// Returns a field that a stack picks, with the last name of its path.
    fn picked(
        &mut self,
        origin: &Origin<'a>,
        segments: &[&str],
        from: &Value,
        resolved: Option<&ResolvedType>,
    ) -> Option<Member> {
        let (last, before) = segments.split_last()?;
        let address = before.first() == Some(&"accounts");
        let transform = from["transform"].as_str().unwrap_or_default();
        let encoded = makes_text(transform);
        let known = match (address || encoded, origin) {
            (true, _) => None,
            (false, Origin::Instruction(program, instruction)) => {
                let args = instruction.args.iter();
                let found = args
                    .map(|arg| (&arg.name, &arg.ty))
                    .find(|(name, _)| wire_snake(name) == wire_snake(last));
                found.map(|(_, ty)| self.idl(*program, ty))
            }
            (false, Origin::Log(Type::Defined(index))) => {
                let members = match self.def(*index).map(|def| &def.shape) {
                    Some(Shape::Struct(members)) => &members[..],
                    _ => &[],
                };
                let wire = wire_snake(last);
                let found = members.iter().find(|member| member.name == wire);
                found.map(|member| member.ty.clone())
            }
            _ => None,
        };
        let copied = || {
            let copy = self.copied_members(resolved?, &[]).into_iter();
            let mut copy = copy.filter(|member| member.name == wire_snake(last));
            copy.next().map(|member| member.ty)
        };
        let ty = if address || encoded {
            Type::Text
        } else {
            transformed(transform, known.or_else(copied).unwrap_or(Type::Json))
        };
        Some(Member {
            name: (*last).to_owned(),
            declared: (*last).to_owned(),
            ty,
            note: if address {
                "The account's address, in base58.".to_owned()
            } else {
                String::new()
            },
        })
    }
}

/// Returns the name for the fields that a stack picks: that of the declared type. If the field is declared as any JSON,
/// it is the name of the source, or of the field if there are several sources.
fn event_name(path: &str, text: &Text, events: &[(&str, &Value)]) -> String {
    match text.path() {
        Some((_, last)) if last != "Value" => return last,
        _ => {}
    }
    let mut sources = events.iter().map(|(from, _)| SourceName::parse(from).name);
    let first = sources.next().unwrap_or_default();
    if !first.is_empty() && sources.all(|name| name == first) {
        return first.to_owned();
    }
    let last = path.rsplit('.').next().unwrap_or(path);
    format!("{last}_event")
}

/// Returns the names of a path.
pub(super) fn segments(path: &Value) -> Option<Vec<&str>> {
    path["segments"]
        .as_array()?
        .iter()
        .map(Value::as_str)
        .collect()
}
