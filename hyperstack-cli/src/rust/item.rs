//! Writes parts of items in rustfmt's style: attributes, fields, imports and types.

use std::collections::BTreeSet;

use super::names::Names;
use crate::model::{Stack, Type};

/// The maximum length of a line.
pub(super) const WIDTH: usize = 100;
/// The maximum length of an attribute's arguments on one line.
const ATTRIBUTE: usize = 70;
/// The maximum length of a tuple's elements on one line.
const TUPLE: usize = 60;
/// Clippy's threshold for the complexity of a type.
const COMPLEX: usize = 250;

/// The imports of a file.
#[derive(Default)]
pub(super) struct Uses {
    sdk: BTreeSet<&'static str>,
    map: bool,
    /// Whether the file uses `types.rs`.
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

    /// Writes the imports and an empty line.
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
                if line.trim_end().len() <= WIDTH {
                    out.push_str(&line);
                } else {
                    out.push_str(&format!("use hyperstack_sdk::{{\n    {names},\n}};\n\n"));
                }
            }
        }
        if self.types {
            out.push_str("use super::types::*;\n\n");
        }
    }
}

/// Writes types, and collects the imports that they need.
pub(super) struct Writer<'a> {
    pub(super) stack: &'a Stack,
    pub(super) names: &'a Names,
    pub(super) flat: bool,
    pub(super) serde: bool,
    pub(super) uses: Uses,
}

/// The length of the longest array that implements serde's traits.
const SERDE_ARRAY: usize = 32;

impl Writer<'_> {
    /// Writes a `derive` with some of the standard traits and a derive of the SDK.
    pub(super) fn derive(&self, out: &mut String, traits: &[&str]) {
        let mut traits = traits.to_vec();
        if self.serde {
            traits.extend(["serde::Serialize", "serde::Deserialize"]);
        }
        let line = format!("#[derive({})]\n", traits.join(", "));
        if line.trim_end().len() <= WIDTH {
            out.push_str(&line);
        } else {
            let traits = traits.join(",\n    ");
            out.push_str(&format!("#[derive(\n    {traits},\n)]\n"));
        }
    }

    /// Writes the attributes of a field or a variant. With serde, the keys that serde and the SDK share go into
    /// `#[serde(..)]`, which both read.
    pub(super) fn attributes(&self, out: &mut String, place: &str, args: &[String]) {
        self.attributes_at(out, "    ", place, args);
    }

    /// Like [`attributes`](Self::attributes), after this indentation.
    pub(super) fn attributes_at(
        &self,
        out: &mut String,
        indent: &str,
        place: &str,
        args: &[String],
    ) {
        if self.serde {
            let is_own = |arg: &String| arg.starts_with("append(");
            let (own, shared): (Vec<_>, Vec<_>) = args.iter().cloned().partition(is_own);
            attribute(out, indent, "serde", &shared);
            attribute(out, indent, place, &own);
        } else {
            attribute(out, indent, place, args);
        }
    }

    /// Returns the Rust type of a value.
    pub(super) fn ty(&mut self, ty: &Type) -> String {
        match ty {
            Type::Bool => "bool".to_owned(),
            Type::Int(name) | Type::Float(name) => (*name).to_owned(),
            Type::Text => "String".to_owned(),
            Type::Json => self.uses.sdk("Value").to_owned(),
            Type::List(element) => format!("Vec<{}>", self.ty(element)),
            Type::Array(element, length) if self.serde && *length > SERDE_ARRAY => {
                format!("Vec<{}>", self.ty(element))
            }
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
            Type::Boxed(ty) => format!("Box<{}>", self.ty(ty)),
            Type::TokenMetadata => self.uses.sdk("TokenMetadata").to_owned(),
            Type::SlotHash => self.uses.sdk("SlotHashBytes").to_owned(),
            Type::Defined(index) => {
                self.uses.types = true;
                self.names.types[*index].clone()
            }
        }
    }
}

/// Writes an attribute. Without arguments, writes nothing.
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

/// Returns an argument that is a list, for an attribute that is broken into lines.
pub(super) fn nested(name: &str, items: &[String]) -> String {
    const INDENT: &str = "\n        ";
    let line = items.join(", ");
    if items.len() < 2 || line.len() <= ATTRIBUTE {
        return format!("{name}({line})");
    }
    // rustfmt fills lines with short items, and gives longer ones a line each.
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

/// Writes a struct or an enum around the text of its fields or variants.
pub(super) fn braces(out: &mut String, head: &str, body: &str) {
    match head.chars().count() + " {".len() {
        _ if body.is_empty() => out.push_str(&format!("{head} {{}}\n")),
        ..=WIDTH => out.push_str(&format!("{head} {{\n{body}}}\n")),
        _ => out.push_str(&format!("{head}\n{{\n{body}}}\n")),
    }
}

/// Writes a named field of a struct.
pub(super) fn field(out: &mut String, name: &str, ty: &str) {
    field_at(out, 4, &format!("pub {name}"), ty);
}

/// Writes a named field of a variant.
pub(super) fn variant_field(out: &mut String, name: &str, ty: &str) {
    field_at(out, 8, name, ty);
}

fn field_at(out: &mut String, indent: usize, name: &str, ty: &str) {
    let (outer, deeper) = (" ".repeat(indent), indent + 4);
    allow_complex(out, &outer, ty);
    let head = format!("{outer}{name}:");
    let begins = broken(ty, indent).lines().next().map_or(0, str::len);
    out.push_str(&match head.chars().count() + " ".len() {
        before if fits(before, ty) => format!("{head} {ty},"),
        _ if fits(deeper, ty) => format!("{head}\n{:deeper$}{ty},", ""),
        before if before + begins <= WIDTH => format!("{head} {},", broken(ty, indent)),
        _ => format!("{head}\n{:deeper$}{},", "", broken(ty, deeper)),
    });
    out.push('\n');
}

/// Writes a variant with fields without names.
pub(super) fn tuple_variant(out: &mut String, name: &str, elements: &[String]) {
    for element in elements {
        allow_complex(out, "    ", element);
    }
    let list = elements.join(", ");
    let line = format!("    {name}({list}),\n");
    let short = elements.len() == 1 || list.chars().count() <= TUPLE;
    if short && line.trim_end().chars().count() <= WIDTH && elements.iter().all(|ty| fits(0, ty)) {
        out.push_str(&line);
        return;
    }
    out.push_str(&format!("    {name}(\n"));
    for element in elements {
        out.push_str(&if fits(8, element) {
            format!("        {element},\n")
        } else {
            format!("        {},\n", broken(element, 8))
        });
    }
    out.push_str("    ),\n");
}

/// Allows a type that clippy considers too complex. Clippy weighs each part by its nesting depth.
fn allow_complex(out: &mut String, indent: &str, ty: &str) {
    let (mut score, mut depth, mut before) = (0, 1, ' ');
    for c in ty.chars() {
        let begins = c.is_ascii_alphabetic() && !before.is_ascii_alphanumeric() && before != '_';
        if begins || matches!(c, '(' | '[') {
            score += 10 * depth;
        }
        match c {
            '<' | '(' | '[' => depth += 1,
            '>' | ')' | ']' => depth -= 1,
            _ => {}
        }
        before = c;
    }
    if score > COMPLEX {
        out.push_str(&format!("{indent}#[allow(clippy::type_complexity)]\n"));
    }
}

/// Returns whether a type and a comma fit on a line after `before` columns.
fn fits(before: usize, ty: &str) -> bool {
    let mut open = Vec::new();
    let tuples = ty.char_indices().all(|(at, c)| match c {
        '(' => {
            open.push(at + 1);
            true
        }
        ')' => open.pop().is_none_or(|from| at - from <= TUPLE),
        _ => true,
    });
    tuples && before + ty.chars().count() + ",".len() <= WIDTH
}

/// Breaks a type that is too long for its line, with a line for each of its arguments.
fn broken(ty: &str, indent: usize) -> String {
    // rustfmt does not break arrays.
    let at = match ty.find(['<', '(', '[']) {
        Some(at) if !ty[at..].starts_with('[') => at,
        _ => return ty.to_owned(),
    };
    // A tuple as the only argument shares the lines of the brackets around it.
    let brackets = match &ty[at + 1..] {
        inner if inner.starts_with('(') && parts(&inner[..inner.len() - 1]).len() == 1 => 2,
        _ => 1,
    };
    let (open, rest) = ty.split_at(at + brackets);
    let (inside, close) = rest.split_at(rest.len() - brackets);
    let inner = indent + 4;
    let mut text = format!("{open}\n");
    for part in parts(inside) {
        let part = if fits(inner, part) {
            part.to_owned()
        } else {
            broken(part, inner)
        };
        text.push_str(&format!("{:inner$}{part},\n", ""));
    }
    text + &format!("{:indent$}{close}", "")
}

/// Splits a list at the commas that are outside of all brackets.
fn parts(list: &str) -> Vec<&str> {
    let (mut parts, mut start, mut depth) = (Vec::new(), 0, 0);
    for (at, c) in list.char_indices() {
        match c {
            '<' | '(' | '[' => depth += 1,
            '>' | ')' | ']' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(list[start..at].trim());
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(list[start..].trim());
    parts
}

/// Writes a tuple struct.
pub(super) fn tuple(out: &mut String, name: &str, elements: &[String]) {
    for element in elements {
        allow_complex(out, "", element);
    }
    let list = format!("pub {}", elements.join(", pub "));
    let line = format!("pub struct {name}({list});");
    let short = elements.len() == 1 || list.chars().count() <= TUPLE;
    if short && line.chars().count() <= WIDTH && elements.iter().all(|ty| fits(0, ty)) {
        out.push_str(&line);
        out.push('\n');
        return;
    }
    out.push_str(&format!("pub struct {name}(\n"));
    for element in elements {
        out.push_str(&if fits("    pub ".len(), element) {
            format!("    pub {element},")
        } else {
            // rustfmt writes two spaces here.
            format!("    pub  {},", broken(element, 4))
        });
        out.push('\n');
    }
    out.push_str(");\n");
}

/// Quotes text as a Rust string literal.
pub(super) fn literal(text: &str) -> String {
    format!("{text:?}")
}
