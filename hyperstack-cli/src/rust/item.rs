//! The parts of items as rustfmt writes them: attributes, fields, imports, and the types in them.

use std::collections::BTreeSet;

use super::names::Names;
use crate::model::{Stack, Type};

/// The length of a line.
const WIDTH: usize = 100;
/// How long the arguments of an attribute may be in one line.
const ATTRIBUTE: usize = 70;
/// How complex a type may be before clippy asks.
const COMPLEX: usize = 250;

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
    let line = format!("{indent}#[{name}({})]", args.join(", "));
    let fits = match args {
        [_] => line.chars().count() <= WIDTH,
        _ => args.join(", ").chars().count() <= ATTRIBUTE,
    };
    if fits && !line.contains('\n') {
        out.push_str(&line);
        out.push('\n');
        return;
    }
    let args = args.join(&format!(",\n{indent}    "));
    out.push_str(&format!(
        "{indent}#[{name}(\n{indent}    {args}\n{indent})]\n"
    ));
}

/// An argument that is a list, as one of an attribute that is broken into lines.
pub(super) fn nested(name: &str, items: &[String]) -> String {
    const INDENT: &str = "\n        ";
    let line = items.join(", ");
    if items.len() < 2 || line.len() <= ATTRIBUTE {
        return format!("{name}({line})");
    }
    // Short ones fill lines, others have one each.
    let short = items.iter().all(|item| item.len() <= 10);
    let mut list = String::new();
    let mut width = WIDTH;
    for (i, item) in items.iter().enumerate() {
        let comma = if i + 1 < items.len() { "," } else { "" };
        let item = format!("{item}{comma}");
        if short && width + 1 + item.len() <= WIDTH {
            list.push(' ');
            width += 1 + item.len();
        } else {
            list.push_str(INDENT);
            width = INDENT.len() - 1 + item.len();
        }
        list.push_str(&item);
    }
    format!("{name}({list}\n    )")
}

/// A named field.
pub(super) fn field(out: &mut String, name: &str, ty: &str) {
    if complexity(ty) > COMPLEX {
        out.push_str("    #[allow(clippy::type_complexity)]\n");
    }
    let line = format!("    pub {name}: {ty},");
    match line.chars().count() <= WIDTH {
        true => out.push_str(&line),
        false => out.push_str(&format!("    pub {name}:\n        {ty},")),
    }
    out.push('\n');
}

/// How complex a type is as clippy counts: ten for each type in it, times its depth.
fn complexity(ty: &str) -> usize {
    let (mut depth, mut sum) = (1, 0);
    let mut before = ' ';
    for c in ty.chars() {
        let word = |c: char| c.is_alphanumeric() || c == '_';
        if c.is_alphabetic() && !word(before) || matches!(c, '[' | '(') {
            sum += 10 * depth;
        }
        match c {
            '<' | '[' | '(' => depth += 1,
            '>' | ']' | ')' => depth -= 1,
            _ => {}
        }
        before = c;
    }
    sum
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
