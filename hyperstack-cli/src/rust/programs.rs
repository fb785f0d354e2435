//! Generates the programs' addresses and errors.

use super::doc;
use super::item::{literal, Writer};
use super::names::Fields;
use crate::model::{Program, ProgramError};
use crate::names::snake;

impl Writer<'_> {
    /// Generates `programs.rs` without its imports. Empty if the stack names no program.
    pub(super) fn programs(&mut self) -> String {
        let mut out = String::new();
        let mut names = Fields::default();
        let programs = &self.stack.programs;
        for program in programs {
            let prefix = match snake(&program.name).to_uppercase() {
                name if name.is_empty() => String::new(),
                name if name.starts_with(|c: char| c.is_ascii_digit()) => format!("_{name}_"),
                name => format!("{name}_"),
            };
            let of = match program.name.as_str() {
                "" => "a program of the stack".to_owned(),
                name => format!("the program `{}`", name.replace('`', "")),
            };
            let name = names.constant(&format!("{prefix}PROGRAM_ID"));
            doc::paragraph(&mut out, "///", &format!("The address of {of}, in base58."));
            constant(&mut out, &name, "&str", &literal(&program.address));
            out.push('\n');
            if !program.errors.is_empty() {
                let name = names.constant(&format!("{prefix}ERRORS"));
                doc::paragraph(&mut out, "///", &format!("The errors of {of}."));
                self.errors(&mut out, &name, program);
                out.push('\n');
            }
        }
        out
    }

    fn errors(&mut self, out: &mut String, name: &str, program: &Program) {
        let ty = self.uses.sdk("ProgramError");
        let head = format!("pub const {name}: &[{ty}] = &[");
        // rustfmt keeps the brackets of a list with one element together.
        if let [error] = program.errors.as_slice() {
            out.push_str(&format!("{head}{ty} {{\n"));
            fields(out, "    ", error);
            out.push_str("}];\n");
            return;
        }
        out.push_str(&head);
        out.push('\n');
        for error in &program.errors {
            out.push_str(&format!("    {ty} {{\n"));
            fields(out, "        ", error);
            out.push_str("    },\n");
        }
        out.push_str("];\n");
    }
}

fn fields(out: &mut String, indent: &str, error: &ProgramError) {
    let message = match &error.message {
        Some(message) => format!("Some({})", literal(message)),
        None => "None".to_owned(),
    };
    let (code, name) = (error.code, literal(&error.name));
    out.push_str(&format!(
        "{indent}code: {code},\n{indent}name: {name},\n{indent}message: {message},\n"
    ));
}

/// Writes a constant, with its value on a line of its own if the line would be too long.
fn constant(out: &mut String, name: &str, ty: &str, value: &str) {
    let line = format!("pub const {name}: {ty} = {value};");
    if line.chars().count() <= super::item::WIDTH {
        out.push_str(&line);
    } else {
        out.push_str(&format!("pub const {name}: {ty} =\n    {value};"));
    }
    out.push('\n');
}
