//! Generates the stack and its entities.

use super::doc;
use super::item::{attribute, braces, field, literal, nested, Writer};
use super::names::EntityNames;
use super::types::{allow_missing_docs, rename};
use crate::model::{Entity, Field, Output, Section, Type, View};
use crate::names::kebab;

impl Writer<'_> {
    /// Generates `entity.rs` without its imports.
    pub(super) fn entities(&mut self, url: Option<&str>) -> String {
        let (stack, names) = (self.stack, self.names);
        let mut out = String::new();
        doc::paragraph(&mut out, "///", &format!("The stack `{}`.", stack.name));
        let mut args = vec![format!("name = {}", literal(&kebab(&stack.name)))];
        args.extend(url.map(|url| format!("url = {}", literal(url))));
        if let Some(served) = &stack.served {
            args.push(format!(
                "manifest_hash = {}",
                literal(&served.manifest_hash)
            ));
            args.push(format!("live_alias = {}", literal(&served.live_alias)));
            args.push("protocol = v2".to_owned());
        }
        let entities: Vec<_> = names
            .entities
            .iter()
            .map(|names| names.ty.clone())
            .collect();
        args.push(nested("entities", &entities));
        let derive = self.uses.sdk("Stack");
        out.push_str(&format!("#[derive(Debug, Clone, Copy, {derive})]\n"));
        attribute(&mut out, "", "stack", &args);
        out.push_str(&format!("pub struct {};\n", names.stack));
        for (entity, names) in stack.entities.iter().zip(&names.entities) {
            out.push('\n');
            self.entity(&mut out, entity, names);
        }
        out
    }

    fn entity(&mut self, out: &mut String, entity: &Entity, names: &EntityNames) {
        describe(out, entity, names);
        let has_undocumented = entity.fields.iter().any(|field| field.origin.is_empty());
        allow_missing_docs(out, has_undocumented || !entity.sections.is_empty());
        let (derive, views) = (self.uses.sdk("Entity"), self.uses.sdk("Views"));
        self.derive(
            out,
            &["Debug", "Clone", "PartialEq", "Default", derive, views],
        );
        let mut args = Vec::new();
        if names.ty != entity.name {
            args.push(format!("name = {}", literal(&entity.name)));
        }
        if let Some((path, field)) = key(entity, names) {
            args.push(match &field.ty {
                Type::Text => format!("key = {}", literal(&path)),
                ty => format!("key({path}: {})", self.ty(ty)),
            });
        }
        attribute(out, "", "entity", &args);
        let singles = entity
            .views
            .iter()
            .filter(|view| view.output == Output::Single);
        let keyed = entity
            .views
            .iter()
            .filter(|view| view.output == Output::Keyed);
        if singles.count() > 1 || keyed.count() > 1 {
            out.push_str("#[allow(clippy::duplicated_attributes)]\n");
        }
        for (view, name) in entity.views.iter().zip(&names.views) {
            attribute(out, "", "view", &view_args(entity, view, name));
        }
        let mut body = String::new();
        for (section, names) in entity.sections.iter().zip(&names.sections) {
            let mut args = Vec::new();
            rename(&mut args, &names.field, &section.name);
            // A required key must not come from its section's default.
            if !requires_key(entity, section) {
                args.push("default".to_owned());
            }
            self.attributes(&mut body, "field", &args);
            field(&mut body, &names.field, &names.ty);
            self.uses.types = true;
        }
        for (field, name) in entity.fields.iter().zip(&names.fields) {
            let is_required = entity.requires(&field.name);
            self.field(&mut body, field, name, is_required);
        }
        braces(out, &format!("pub struct {}", names.ty), &body);
    }
}

fn describe(out: &mut String, entity: &Entity, names: &EntityNames) {
    let key = match &entity.key {
        Some(key) => format!(" Its key is `{key}`."),
        None => String::new(),
    };
    doc::paragraph(out, "///", &format!("The entity `{}`.{key}", entity.name));
    if entity.views.is_empty() {
        return;
    }
    out.push_str("///\n/// Its derived views:\n///\n");
    for (view, name) in entity.views.iter().zip(&names.views) {
        let text = match view.steps.join(", ") {
            steps if steps.is_empty() => format!("`{name}()` is `{}`", view.id),
            steps => format!("`{name}()` is `{}`: {steps}", view.id),
        };
        doc::item(out, "///", &text);
    }
}

fn view_args(entity: &Entity, view: &View, name: &str) -> Vec<String> {
    let mut args = vec![name.to_owned()];
    match view.output {
        Output::Single => args.push("single".to_owned()),
        Output::Keyed => args.push("keyed".to_owned()),
        Output::Collection => {}
    }
    if view.id != format!("{}/{name}", entity.name) {
        args.push(format!("id = {}", literal(&view.id)));
    }
    args
}

fn requires_key(entity: &Entity, section: &Section) -> bool {
    let mut fields = section.fields.iter();
    fields.any(|field| entity.requires(&format!("{}.{}", section.name, field.name)))
}

/// Returns the path of the key in Rust names, and its field.
fn key<'e>(entity: &'e Entity, names: &EntityNames) -> Option<(String, &'e Field)> {
    let key = entity.key.as_deref()?;
    let Some((section, name)) = key.split_once('.') else {
        let i = entity.fields.iter().position(|field| field.name == key)?;
        return Some((names.fields.get(i)?.clone(), &entity.fields[i]));
    };
    let i = entity.sections.iter().position(|s| s.name == section)?;
    let fields = &entity.sections[i].fields;
    let j = fields.iter().position(|field| field.name == name)?;
    let names = names.sections.get(i)?;
    let path = format!("{}.{}", names.field, names.fields.get(j)?);
    Some((path, &fields[j]))
}
