//! The parts of items as rustfmt writes them: attributes, fields, imports, and the types in them.

use std::collections::BTreeSet;

use super::names::Names;
use crate::model::{Stack, Type};

/// The length of a line.
const WIDTH: usize = 100;
/// How long the arguments of an attribute may be in one line.
const ATTRIBUTE: usize = 70;

/// What a file imports.
#[derive(Default)]
pub(super) struct Uses {
    sdk: BTreeSet<&'static str>,
    map: bool,
    /// Something of the other file.
    pub(super) types: bool,
}

impl Uses {
    pub(super) fn sdk(&mut self, name: &'static str) -> &'static str {
        self.sdk.insert(name);
        name
    }

    pub(super) fn join(&mut self, other: Uses) {
        self.sdk.extend(other.sdk);
        self.map |= other.map;
    }

    /// The imports, and an empty line behind them.
    pub(super) fn write(&self, out: &mut String) {
        if self.map {
            out.push_str("use std::collections::BTreeMap;\n\n");
        }
        let names: Vec<_> = self.sdk.iter().copied().collect();
        match names.as_slice() {
            [] => {}
            [name] => out.push_str(&format!("use hyperstack_sdk::{name};\n\n")),
            names => {
                let names = names.join(", ");
                let line = format!("use hyperstack_sdk::{{{names}}};\n\n");
                match line.trim_end().len() <= WIDTH {
                    true => out.push_str(&line),
                    false => {
                        out.push_str(&format!("use hyperstack_sdk::{{\n    {names},\n}};\n\n"))
                    }
                }
            }
        }
        if self.types {
            out.push_str("use super::types::*;\n\n");
        }
    }
}

/// What types are called where they are used.
pub(super) struct Writer<'a> {
    pub(super) stack: &'a Stack,
    pub(super) names: &'a Names,
    pub(super) flat: bool,
    pub(super) uses: Uses,
}

impl Writer<'_> {
    /// A type, where there is a value.
    pub(super) fn ty(&mut self, ty: &Type) -> String {
        match ty {
            Type::Bool => "bool".to_owned(),
            Type::Int(name) | Type::Float(name) => (*name).to_owned(),
            Type::Text => "String".to_owned(),
            Type::Json => self.uses.sdk("Value").to_owned(),
            Type::List(element) => format!("Vec<{}>", self.ty(element)),
            Type::Array(element, length) => format!("[{}; {length}]", self.ty(element)),
            Type::Map(key, value) => {
                self.uses.map = true;
                format!("BTreeMap<{}, {}>", self.ty(key), self.ty(value))
            }
            Type::Tuple(elements) => {
                let elements: Vec<_> = elements.iter().map(|ty| self.ty(ty)).collect();
                format!("({})", elements.join(", "))
            }
            Type::Nullable(ty) => format!("Option<{}>", self.ty(ty)),
            Type::Capture(data) => format!("{}<{}>", self.uses.sdk("Capture"), self.ty(data)),
            Type::Event(data) => format!("{}<{}>", self.uses.sdk("Event"), self.ty(data)),
            Type::Instruction(accounts, args) => {
                let (accounts, args) = (self.ty(accounts), self.ty(args));
                format!("{}<{accounts}, {args}>", self.uses.sdk("Instruction"))
            }
            Type::TokenMetadata => self.uses.sdk("TokenMetadata").to_owned(),
            Type::SlotHash => self.uses.sdk("SlotHashBytes").to_owned(),
            Type::Defined(index) => {
                self.uses.types = true;
                self.names.types[*index].clone()
            }
        }
    }
}

/// An attribute with arguments; nothing without any.
pub(super) fn attribute(out: &mut String, indent: &str, name: &str, args: &[String]) {
    if args.is_empty() {
        return;
    }
    let line = args.join(", ");
    if line.len() <= ATTRIBUTE && !line.contains('\n') {
        out.push_str(&format!("{indent}#[{name}({line})]\n"));
        return;
    }
    let args = args.join(&format!(",\n{indent}    "));
    out.push_str(&format!(
        "{indent}#[{name}(\n{indent}    {args}\n{indent})]\n"
    ));
}

/// An argument that is a list, as one of an attribute that is broken into lines.
pub(super) fn nested(name: &str, items: &[String]) -> String {
    let line = items.join(", ");
    match line.len() <= ATTRIBUTE {
        true => format!("{name}({line})"),
        false => format!("{name}(\n        {}\n    )", items.join(",\n        ")),
    }
}

/// A named field.
pub(super) fn field(out: &mut String, name: &str, ty: &str) {
    let line = format!("    pub {name}: {ty},");
    match line.chars().count() <= WIDTH {
        true => out.push_str(&line),
        false => out.push_str(&format!("    pub {name}:\n        {ty},")),
    }
    out.push('\n');
}

/// A struct whose fields have no names.
pub(super) fn tuple(out: &mut String, name: &str, elements: &[String]) {
    let line = format!("pub struct {name}(pub {});", elements.join(", pub "));
    match line.len() <= WIDTH {
        true => out.push_str(&line),
        false => {
            let elements = elements.join(",\n    pub ");
            out.push_str(&format!("pub struct {name}(\n    pub {elements},\n);"));
        }
    }
    out.push('\n');
}

/// A text as Rust writes it.
pub(super) fn literal(text: &str) -> String {
    format!("{text:?}")
}
