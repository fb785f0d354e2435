//! Resolves the paths that handlers read: their types, and whether a source may lack them.

use serde_json::Value;

use super::interface::{self, Found};
use super::source::{Kind, SourceName};
use super::text;
use super::types::Types;
use crate::model::Type;
use crate::names::wire_snake;

/// What a source has at a path.
pub(super) struct At<'a> {
    what: What<'a>,
    /// Whether every update of the source has a value there that is not null.
    pub(super) is_sure: bool,
}

/// The type at a path.
enum What<'a> {
    Text,
    /// A type of a program's IDL. It is not nullable.
    Idl(usize, &'a Value),
    Unknown,
}

impl At<'_> {
    const NOTHING: Self = At {
        what: What::Unknown,
        is_sure: false,
    };

    fn text(is_sure: bool) -> Self {
        At {
            what: What::Text,
            is_sure,
        }
    }
}

impl<'a> Types<'a> {
    /// Looks up a path of a source, such as `["data", "amount"]` of `pump::BuyIxState`.
    ///
    /// The server looks up the path as it is written, but its data has names in snake case. So it does not find
    /// `maxCost`, even if the IDL has it.
    pub(super) fn at(&self, from: &str, path: &[&str]) -> At<'a> {
        if path == ["__account_address"] {
            return At::text(true);
        }
        let source = SourceName::parse(from);
        let place = source.place();
        let found = place.and_then(|place| interface::find(&self.idls, place, source.name));
        let path = match path {
            ["data", rest @ ..] if source.kind != Kind::Account => rest,
            path => path,
        };
        match found {
            Some(Found::Instruction(_, instruction)) if path.first() == Some(&"accounts") => {
                let mut accounts = instruction.accounts.iter();
                let account = accounts.find(|account| Some(&&*account.name) == path.get(1));
                At::text(account.is_some_and(|account| !account.optional))
            }
            Some(Found::Instruction(program, instruction)) => {
                let Some((first, rest)) = path.split_first() else {
                    return At::NOTHING;
                };
                let mut args = instruction.args.iter();
                match args.find(|arg| wire_snake(&arg.name) == wire_snake(first)) {
                    Some(arg) => {
                        let is_sure = wire_snake(&arg.name) == **first;
                        self.below(program, &arg.ty, rest, is_sure)
                    }
                    None => At::NOTHING,
                }
            }
            Some(Found::Account(program, account) | Found::Event(program, account)) => {
                let fields = self.account_fields(program, account);
                self.inside(program, fields, path, true)
            }
            Some(Found::Type(program, entry)) => {
                self.inside(program, interface::fields(&entry.shape), path, true)
            }
            None if self.lacks_idl => At::NOTHING,
            // A stack file without IDLs has only the spelling.
            None => At {
                what: What::Unknown,
                is_sure: path.iter().all(|name| wire_snake(name) == *name),
            },
        }
    }

    /// Returns the type at a path, if an IDL has it.
    pub(super) fn type_at(&mut self, at: &At<'a>) -> Option<Type> {
        match at.what {
            What::Text => Some(Type::Text),
            What::Idl(program, ty) => Some(self.idl(program, ty)).filter(|ty| *ty != Type::Json),
            What::Unknown => None,
        }
    }

    /// Returns the type at a path if it is an integer.
    pub(super) fn integer_at(&self, at: &At<'a>) -> Option<&'static str> {
        match &at.what {
            What::Idl(_, ty) => match text::scalar(ty.as_str()?)? {
                Type::Int(name) => Some(name),
                _ => None,
            },
            _ => None,
        }
    }

    /// Looks up a path in an object with these fields.
    fn inside(&self, program: usize, fields: &'a [Value], path: &[&str], is_sure: bool) -> At<'a> {
        let Some((first, rest)) = path.split_first() else {
            return At::NOTHING;
        };
        let wire = |field: &Value| field["name"].as_str().map(wire_snake);
        match fields
            .iter()
            .find(|field| wire(field) == Some(wire_snake(first)))
        {
            Some(field) => {
                let is_sure = is_sure && wire(field).as_deref() == Some(*first);
                self.below(program, &field["type"], rest, is_sure)
            }
            None => At::NOTHING,
        }
    }

    /// Looks up the rest of a path in a value of this type.
    fn below(&self, program: usize, ty: &'a Value, path: &[&str], is_sure: bool) -> At<'a> {
        let optional = ty.get("option").or_else(|| ty.get("coption"));
        if let Some(inner) = optional {
            return self.below(program, inner, path, false);
        }
        if path.is_empty() {
            let what = What::Idl(program, ty);
            return At { what, is_sure };
        }
        let defined = &ty["defined"];
        let names = [ty, defined, &defined["name"]];
        let name = names.into_iter().find_map(Value::as_str);
        let entry = name.and_then(|name| interface::named(&self.idls[program].types, name));
        match entry {
            Some(entry) => self.inside(program, interface::fields(&entry.shape), path, is_sure),
            None => At::NOTHING,
        }
    }
}
