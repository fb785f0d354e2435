//! Assembles the files of a layout.

use super::item::{literal, Uses, Writer};
use super::names::Names;
use super::{doc, File, Layout, Options, Sdk, MARK, SDK_VERSION};
use crate::model::Stack;

pub(super) fn files(stack: &Stack, options: &Options) -> Vec<File> {
    let names = Names::new(stack);
    let mut writer = Writer {
        stack,
        names: &names,
        flat: options.flat,
        serde: options.serde,
        uses: Uses::default(),
    };
    let types = writer.types();
    let mut type_uses = std::mem::take(&mut writer.uses);
    type_uses.types = false;
    let entities = writer.entities(options.url.as_deref());
    let mut entity_uses = writer.uses;

    let hash = stack.hash();
    let source = |uses: &Uses, body: &str| {
        let mut text = header(stack, &hash, "//");
        text.push('\n');
        uses.write(&mut text);
        text.push_str(body.trim_end());
        text.trim_end().to_owned() + "\n"
    };
    if options.layout == Layout::Single {
        entity_uses.join(type_uses);
        entity_uses.types = false;
        let body = format!("{entities}\n{types}");
        return named(options.layout, vec![source(&entity_uses, &body)]);
    }
    let module = options.layout == Layout::Module;
    let mut texts = vec![
        root(
            &(header(stack, &hash, "//") + &options.flags.line()),
            stack,
            &names,
            module,
            !types.is_empty(),
        ),
        source(&type_uses, &types),
        source(&entity_uses, &entities),
    ];
    if !module {
        texts.insert(0, manifest(&header(stack, &hash, "#"), stack, options));
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

/// Returns the first lines of every file.
fn header(stack: &Stack, hash: &str, comment: &str) -> String {
    format!(
        "{comment} {MARK} {}. Do not edit: the next run overwrites it.\n\
         {comment} Stack {}, sha256 {hash}\n",
        env!("CARGO_PKG_VERSION"),
        literal(&stack.name),
    )
}

/// Returns the text of `lib.rs` or `mod.rs`.
fn root(header: &str, stack: &Stack, names: &Names, module: bool, types: bool) -> String {
    let mut out = format!("{header}\n");
    let of = format!(
        "The stack `{}` as plain structs, for `hyperstack_sdk`.",
        stack.name
    );
    doc::paragraph(&mut out, "//!", &of);
    out.push('\n');
    if module {
        // A crate need not use all of its module.
        out.push_str("#![allow(dead_code, unused_imports)]\n\n");
    }
    out.push_str("mod entity;\nmod types;\n\npub use entity::*;\n");
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

fn manifest(header: &str, stack: &Stack, options: &Options) -> String {
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
        toml(&format!(
            "The Hyperstack stack {} as plain structs.",
            stack.name
        )),
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
