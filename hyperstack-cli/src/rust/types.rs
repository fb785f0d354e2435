//! Generates sections, and the types that are replaced as a whole.

use super::doc;
use super::item::{braces, field, literal, tuple, Writer};
use super::names::{Fields, SectionNames};
use crate::model::{Entity, Field, Member, Role, Section, Shape, Type, TypeDef};

/// How many elements of an appended list the server and the client keep.
const APPENDED: usize = 100;

impl Writer<'_> {
    /// Generates `types.rs` without its imports.
    pub(super) fn types(&mut self) -> String {
        let mut out = String::new();
        let (stack, names) = (self.stack, self.names);
        for (entity, names) in stack.entities.iter().zip(&names.entities) {
            for (section, names) in entity.sections.iter().zip(&names.sections) {
                let of = format!("The section `{}` of `{}`.", section.name, entity.name);
                self.section(&mut out, &of, section, names, entity);
            }
        }
        for (def, name) in stack.types.iter().zip(&names.types) {
            self.leaf(&mut out, def, name);
        }
        out
    }

    fn section(
        &mut self,
        out: &mut String,
        of: &str,
        section: &Section,
        names: &SectionNames,
        entity: &Entity,
    ) {
        doc::paragraph(out, "///", of);
        allow_missing_docs(
            out,
            section.fields.iter().any(|field| field.origin.is_empty()),
        );
        let derive = self.uses.sdk("Section");
        self.derive(out, &["Debug", "Clone", "PartialEq", "Default", derive]);
        let mut body = String::new();
        for (field, name) in section.fields.iter().zip(&names.fields) {
            let path = format!("{}.{}", section.name, field.name);
            self.field(&mut body, field, name, entity.requires(&path));
        }
        braces(out, &format!("pub struct {}", names.ty), &body);
        out.push('\n');
    }

    /// Generates a field of an entity or a section.
    pub(super) fn field(&mut self, out: &mut String, spec: &Field, name: &str, is_required: bool) {
        if !spec.origin.is_empty() {
            doc::paragraph(out, "    ///", &spec.origin.join(" "));
        }
        let mut args = Vec::new();
        rename(&mut args, name, &spec.name);
        if spec.append {
            args.push(format!("append(max = {APPENDED})"));
        }
        // A server may send null for an empty list or map.
        let empty = matches!(spec.ty, Type::List(_) | Type::Map(..));
        if empty && !spec.nullable {
            args.push("default".to_owned());
        }
        let ty = self.ty(&spec.ty);
        let ty = match (
            is_required || empty && !spec.nullable,
            spec.nullable && !self.flat,
        ) {
            (true, _) => ty,
            (false, true) => {
                if self.serde {
                    // Null and never sent differ, in JSON too.
                    let keys = [
                        "default",
                        "skip_serializing_if = \"Option::is_none\"",
                        "deserialize_with = \"hyperstack_sdk::nullable\"",
                    ];
                    args.extend(keys.map(str::to_owned));
                }
                format!("Option<Option<{ty}>>")
            }
            (false, false) => format!("Option<{ty}>"),
        };
        self.attributes(out, "field", &args);
        field(out, name, &ty);
    }

    fn leaf(&mut self, out: &mut String, def: &TypeDef, name: &str) {
        doc::paragraph(out, "///", &about(def));
        if let Shape::Struct(members) = &def.shape {
            allow_missing_docs(out, members.iter().any(|member| member.note.is_empty()));
        }
        let derive = self.uses.sdk("Leaf");
        match &def.shape {
            Shape::Struct(members) => {
                self.derive(out, &["Debug", "Clone", "PartialEq", "Default", derive]);
                self.members(out, name, members);
            }
            Shape::Tuple(elements) => {
                self.derive(out, &["Debug", "Clone", "PartialEq", derive]);
                let elements: Vec<_> = elements.iter().map(|ty| self.ty(ty)).collect();
                match elements.as_slice() {
                    [one] => tuple(out, name, &[format!("[{one}; 1]")]),
                    [_, ..] if elements.len() <= 12 => tuple(out, name, &elements),
                    _ => tuple(out, name, &[format!("Vec<{}>", self.uses.sdk("Value"))]),
                }
            }
            Shape::Enum(variants) => {
                self.derive(out, &["Debug", "Clone", "PartialEq", "Eq", "Hash", derive]);
                self.variants(out, name, variants);
            }
        }
        out.push('\n');
    }

    fn members(&mut self, out: &mut String, struct_name: &str, members: &[Member]) {
        let mut body = String::new();
        let mut names = Fields::default();
        for member in members {
            if !member.note.is_empty() {
                doc::paragraph(&mut body, "    ///", &doc::plain(&member.note));
            }
            let name = names.free(&member.declared);
            let mut args = Vec::new();
            rename(&mut args, &name, &member.name);
            self.attributes(&mut body, "field", &args);
            // If another version of the server omits a field, only the field is missing, not the row.
            let ty = match &member.ty {
                Type::Nullable(ty) => ty,
                ty => ty,
            };
            field(&mut body, &name, &format!("Option<{}>", self.ty(ty)));
        }
        braces(out, &format!("pub struct {struct_name}"), &body);
    }

    fn variants(&mut self, out: &mut String, enum_name: &str, variants: &[String]) {
        let mut body = String::new();
        let mut names = Fields::default();
        for wire in variants {
            let name = names.variant(wire);
            doc::paragraph(&mut body, "    ///", &format!("`{wire}`."));
            let mut args = Vec::new();
            rename(&mut args, &name, wire);
            self.attributes(&mut body, "leaf", &args);
            body.push_str(&format!("    {name},\n"));
        }
        let other = names.variant("Unknown");
        body.push_str("    /// A variant that the stack file does not list.\n    #[leaf(other)]\n");
        if self.serde {
            body.push_str("    #[serde(untagged)]\n");
        }
        body.push_str(&format!("    {other}(String),\n"));
        // Clippy rejects variant names that repeat the enum's name, but the program chose them.
        let mut taken = names.taken();
        if taken.any(|name| name.starts_with(enum_name) || name.ends_with(enum_name)) {
            out.push_str("#[allow(clippy::enum_variant_names)]\n");
        }
        braces(out, &format!("pub enum {enum_name}"), &body);
    }
}

/// Adds `rename` if the wire name differs.
pub(super) fn rename(args: &mut Vec<String>, name: &str, wire: &str) {
    if name.trim_start_matches("r#") != wire {
        args.push(format!("rename = {}", literal(wire)));
    }
}

/// Returns the documentation of a type: that of its program, or else its role.
fn about(def: &TypeDef) -> String {
    // Use the first paragraph only.
    let docs = def.docs.iter().map(|line| line.trim());
    let docs: Vec<_> = docs.take_while(|line| !line.is_empty()).collect();
    let (name, docs) = (&def.name, doc::plain(&docs.join(" ")));
    match def.role {
        Role::Accounts => {
            format!("The accounts of the instruction `{name}`: addresses, in base58.")
        }
        Role::Args => format!("The arguments of the instruction `{name}`. {docs}"),
        Role::Event => format!("The part of `{name}` that the stack keeps."),
        _ if !docs.is_empty() => docs,
        Role::Account => format!("The account `{name}`."),
        Role::Type => format!("The type `{name}`."),
    }
}

/// Allows missing docs if the stack file does not document all fields.
pub(super) fn allow_missing_docs(out: &mut String, has_undocumented: bool) {
    if has_undocumented {
        out.push_str("#[allow(missing_docs)]\n");
    }
}
