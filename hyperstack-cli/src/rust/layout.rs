//! Assembles the files of a layout.

use std::path::Path;

use super::item::{literal, Uses, Writer};
use super::names::{Fields, Names};
use super::{doc, File, Flags, Layout, Options, Sdk, MARK, SDK_VERSION};
use crate::model::{Served, Stack};

/// Names whose file or directory is not that of a module: `lib.rs` and `mod.rs` declare the others, and Cargo builds
/// a program from `main.rs` and from each file in `bin`.
const TARGETS: &[&str] = &["bin", "lib", "main", "r#mod"];

/// Generates a stack with several parts: a module for each, named after its title.
pub(super) fn composed(name: &str, parts: &[(&str, &Stack)], options: &Options) -> Vec<File> {
    let hash = super::hash(parts.iter().map(|(_, stack)| *stack));
    let served = parts.iter().find_map(|(_, stack)| stack.served.as_ref());
    let header = |comment: &str| header(name, &hash, served, comment);
    let mut of_part = options.clone();
    of_part.flags = Flags::default();
    if of_part.layout == Layout::Crate {
        of_part.layout = Layout::Module;
    }
    let mut fields = Fields::except(TARGETS);
    let mut modules = Vec::new();
    let mut files = Vec::new();
    for (title, stack) in parts {
        let module = fields.free(title);
        // The file of a module has the bare name of a raw identifier.
        let directory = module.trim_start_matches("r#").to_owned();
        modules.push((module, *title));
        files.extend(
            self::files(title, stack, &of_part)
                .into_iter()
                .map(|file| File {
                    path: Path::new(&directory).join(file.path),
                    ..file
                }),
        );
    }
    let mut root = header("//") + &options.flags.line() + "\n";
    if options.layout == Layout::Single {
        for ((module, title), file) in modules.iter().zip(files) {
            doc::paragraph(&mut root, "///", &part_doc(title));
            root.push_str(&format!("pub mod {module} {{\n{}}}\n\n", file.text));
        }
        return named(options.layout, vec![root.trim_end().to_owned() + "\n"]);
    }
    let text = format!(
        "The stack `{name}` as plain structs, for `hyperstack_sdk`: a module for each live-spec."
    );
    doc::paragraph(&mut root, "//!", &text);
    root.push('\n');
    for (module, _) in &modules {
        root.push_str(&format!("pub mod {module};\n"));
    }
    let (root_path, directory) = match options.layout {
        Layout::Crate => ("src/lib.rs", Path::new("src")),
        _ => ("mod.rs", Path::new("")),
    };
    let mut all = Vec::new();
    if options.layout == Layout::Crate {
        all.push(File {
            path: "Cargo.toml".into(),
            text: manifest(&header("#"), name, options),
        });
    }
    all.push(File {
        path: root_path.into(),
        text: root,
    });
    all.extend(files.into_iter().map(|file| File {
        path: directory.join(file.path),
        ..file
    }));
    all
}

fn part_doc(title: &str) -> String {
    format!("The live-spec `{title}`.")
}

/// Generates a stack. Its struct is named after `title`.
pub(super) fn files(title: &str, stack: &Stack, options: &Options) -> Vec<File> {
    let names = Names::new(title, stack);
    let mut writer = Writer {
        stack,
        names: &names,
        flat: options.flat,
        serde: options.serde,
        uses: Uses::default(),
    };
    let programs = writer.programs();
    let program_uses = std::mem::take(&mut writer.uses);
    let types = writer.types();
    let mut type_uses = std::mem::take(&mut writer.uses);
    type_uses.types = false;
    let entities = writer.entities(options.url.as_deref());
    let mut entity_uses = writer.uses;

    let hash = stack.hash();
    let header = |comment: &str| header(title, &hash, stack.served.as_ref(), comment);
    let source = |uses: &Uses, body: &str| {
        let mut text = header("//");
        text.push('\n');
        uses.write(&mut text);
        text.push_str(body.trim_end());
        text.trim_end().to_owned() + "\n"
    };
    if options.layout == Layout::Single {
        entity_uses.join(type_uses);
        entity_uses.types = false;
        let mut body = format!("{entities}\n{types}");
        if !programs.is_empty() {
            body = format!(
                "{}\n\n{}",
                body.trim_end(),
                inline(&program_uses, &programs)
            );
        }
        return named(options.layout, vec![source(&entity_uses, &body)]);
    }
    let module = options.layout == Layout::Module;
    let mut texts = vec![
        root(
            &(header("//") + &options.flags.line()),
            title,
            stack,
            &names,
            module,
            !types.is_empty(),
            !programs.is_empty(),
        ),
        source(&type_uses, &types),
        source(&entity_uses, &entities),
        source(&program_uses, &programs),
    ];
    if programs.is_empty() {
        texts.pop();
    }
    if !module {
        texts.insert(0, manifest(&header("#"), &stack.name, options));
    }
    named(options.layout, texts)
}

/// Pairs the paths of a layout with the texts.
fn named(layout: Layout, texts: Vec<String>) -> Vec<File> {
    let files = layout.paths().iter().zip(texts);
    files
        .map(|(path, text)| File {
            path: path.into(),
            text,
        })
        .collect()
}

/// Returns the constants of the programs as a module inside a file.
fn inline(uses: &Uses, programs: &str) -> String {
    let mut text = String::new();
    uses.write(&mut text);
    text.push_str(programs.trim_end());
    let mut out =
        String::from("/// The addresses and errors of the stack's programs.\npub mod programs {\n");
    for line in text.lines() {
        let indent = if line.is_empty() { "" } else { "    " };
        out.push_str(&format!("{indent}{line}\n"));
    }
    out + "}\n"
}

/// Returns the first lines of every file.
fn header(stack: &str, hash: &str, served: Option<&Served>, comment: &str) -> String {
    let mut header = format!(
        "{comment} {MARK} {}. Do not edit: the next run overwrites it.\n\
         {comment} Stack {}, sha256 {hash}\n",
        env!("CARGO_PKG_VERSION"),
        literal(stack),
    );
    if let Some(served) = served {
        header += &format!("{comment} Manifest {}\n", served.manifest_hash);
    }
    header
}

/// Returns the text of `lib.rs` or `mod.rs`.
fn root(
    header: &str,
    title: &str,
    stack: &Stack,
    names: &Names,
    module: bool,
    types: bool,
    programs: bool,
) -> String {
    let mut out = format!("{header}\n");
    let what = match title == stack.name {
        true => format!("The stack `{title}`"),
        false => format!("The live-spec `{title}` of the stack `{}`", stack.name),
    };
    let of = format!("{what} as plain structs, for `hyperstack_sdk`.");
    doc::paragraph(&mut out, "//!", &of);
    out.push('\n');
    if module {
        // A crate need not use all of its module.
        out.push_str("#![allow(dead_code, unused_imports)]\n\n");
    }
    out.push_str("mod entity;\n");
    if programs {
        out.push_str("/// The addresses and errors of the stack's programs.\npub mod programs;\n");
    }
    out.push_str("mod types;\n\npub use entity::*;\n");
    if types {
        out.push_str("pub use types::*;\n");
    }
    let reexports = ["ConnectionState", "HyperStack", "Update"].into_iter();
    let reexports = reexports.filter(|name| !names.has(name));
    let reexports = std::iter::once("self")
        .chain(reexports)
        .collect::<Vec<_>>()
        .join(", ");
    out.push_str(&format!("\npub use hyperstack_sdk::{{{reexports}}};\n"));
    out
}

fn manifest(header: &str, stack: &str, options: &Options) -> String {
    let from = match &options.sdk {
        Sdk::Version => format!("version = {}", toml(SDK_VERSION)),
        Sdk::Path(path) => format!("path = {}", toml(path)),
    };
    let serde = if options.serde {
        "serde = { version = \"1\", features = [\"derive\"] }\n"
    } else {
        ""
    };
    format!(
        "{header}
[package]
name = {}
version = \"0.1.0\"
edition = \"2021\"
rust-version = \"{}\"
description = {}

[features]
default = [\"rustls\"]
# TLS for wss:// by rustls, or by the platform's library.
rustls = [\"hyperstack-sdk/rustls\"]
native-tls = [\"hyperstack-sdk/native-tls\"]

[dependencies]
hyperstack-sdk = {{ {from}, default-features = false, features = [\"client\"] }}
{serde}",
        toml(&options.crate_name),
        env!("CARGO_PKG_RUST_VERSION"),
        toml(&format!("The Hyperstack stack {stack} as plain structs.")),
    )
}

/// Quotes text for TOML.
fn toml(text: &str) -> String {
    let mut toml = String::from('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => toml.extend(['\\', c]),
            c if c.is_control() => toml.push_str(&format!("\\u{:04X}", u32::from(c))),
            c => toml.push(c),
        }
    }
    toml.push('"');
    toml
}
