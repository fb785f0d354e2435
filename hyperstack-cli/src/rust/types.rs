//! Generates sections, and the types that are replaced as a whole.

use super::doc;
use super::item::{braces, field, literal, tuple, tuple_variant, variant_field, Writer};
use super::names::{Fields, SectionNames};
use crate::model::{Data, Entity, Field, Member, Role, Section, Shape, Type, TypeDef, Variant};

/// The maximum number of elements that a tuple on the wire can have.
const MAX_TUPLE: usize = 12;

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
                    [_, ..] if elements.len() <= MAX_TUPLE => tuple(out, name, &elements),
                    _ => tuple(out, name, &[format!("Vec<{}>", self.uses.sdk("Value"))]),
                }
            }
            Shape::Enum(variants) => {
                let has_data = variants.iter().any(|variant| variant.data != Data::None);
                if has_data {
                    self.derive(out, &["Debug", "Clone", "PartialEq", derive]);
                    // The program chose what its variants hold.
                    out.push_str("#[allow(clippy::large_enum_variant)]\n");
                } else {
                    self.derive(out, &["Debug", "Clone", "PartialEq", "Eq", "Hash", derive]);
                }
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
            let ty = self.member(&member.ty);
            field(&mut body, &name, &ty);
        }
        braces(out, &format!("pub struct {struct_name}"), &body);
    }

    /// Returns the Rust type of a member. If another version of the server omits the member, only the member is missing,
    /// not the row.
    fn member(&mut self, ty: &Type) -> String {
        let ty = match ty {
            Type::Nullable(ty) => ty,
            ty => ty,
        };
        format!("Option<{}>", self.ty(ty))
    }

    fn variants(&mut self, out: &mut String, enum_name: &str, variants: &[Variant]) {
        let mut body = String::new();
        let mut names = Fields::default();
        for variant in variants {
            let (wire, name) = (&variant.name, names.variant(&variant.name));
            doc::paragraph(&mut body, "    ///", &format!("`{wire}`."));
            let mut args = Vec::new();
            rename(&mut args, &name, wire);
            self.attributes(&mut body, "leaf", &args);
            match &variant.data {
                Data::None => body.push_str(&format!("    {name},\n")),
                Data::Struct(members) => self.variant_members(&mut body, &name, members),
                Data::Tuple(elements) => {
                    let elements: Vec<_> = match elements.as_slice() {
                        elements if elements.len() <= MAX_TUPLE => {
                            elements.iter().map(|ty| self.ty(ty)).collect()
                        }
                        _ => vec![format!("Vec<{}>", self.uses.sdk("Value"))],
                    };
                    tuple_variant(&mut body, &name, &elements);
                }
            }
        }
        let other = names.variant("Unknown");
        body.push_str(
            "    /// Any other JSON, such as a variant of a later version.\n    #[leaf(other)]\n",
        );
        if self.serde {
            body.push_str("    #[serde(untagged)]\n");
        }
        body.push_str(&format!("    {other}({}),\n", self.uses.sdk("Value")));
        // Clippy rejects variant names that repeat the enum's name, but the program chose them.
        let mut taken = names.taken();
        if taken.any(|name| name.starts_with(enum_name) || name.ends_with(enum_name)) {
            out.push_str("#[allow(clippy::enum_variant_names)]\n");
        }
        braces(out, &format!("pub enum {enum_name}"), &body);
    }
}

impl Writer<'_> {
    /// Generates a variant with named fields.
    fn variant_members(&mut self, out: &mut String, variant: &str, members: &[Member]) {
        let mut names = Fields::default();
        out.push_str(&format!("    {variant} {{\n"));
        for member in members {
            let docs = match member.note.as_str() {
                "" => format!("`{}`.", member.declared.replace('`', "")),
                note => doc::plain(note),
            };
            doc::paragraph(out, "        ///", &docs);
            let name = names.free(&member.declared);
            let mut args = Vec::new();
            rename(&mut args, &name, &member.name);
            self.attributes_at(out, "        ", "field", &args);
            let ty = self.member(&member.ty);
            variant_field(out, &name, &ty);
        }
        out.push_str("    },\n");
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
