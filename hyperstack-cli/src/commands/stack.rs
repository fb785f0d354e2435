//! `hs stack`: shows what a client sees of a stack.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::Subcommand;
use clap_complete::ArgValueCompleter;
use hyperstack_cli::find::Origin;
use hyperstack_cli::load::Loaded;
use hyperstack_cli::model::{Data, Entity, Field, Output, Role, Shape, Stack, Type, TypeDef};

use serde::Serialize;

use super::{completions, green, printable, ConfigArg, SourceArgs};

/// Inspect a stack file
#[derive(clap::Args)]
#[command(after_help = "\
Example:
  hs stack inspect settlement-game")]
pub(crate) struct Args {
    #[command(flatten)]
    config: ConfigArg,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Show the entities, fields, views and types of a stack
    #[command(after_help = "\
Examples:
  hs stack inspect settlement-game
  hs stack inspect .arete/OreStream.stack-manifest.json
  hs stack inspect .hyperstack/settlement-game.stack.json
  hs stack inspect ore --json | jq '.entities[].name'

The output shows wire names and types. `or null`: the field is nullable. `appended to`: the server
appends to the list.")]
    Inspect {
        /// The stack's name, the path of a stack-manifest, a live-spec, a stack file or a directory with one, or
        /// `-` for standard input
        #[arg(add = ArgValueCompleter::new(completions::stacks))]
        stack: String,
        #[command(flatten)]
        source: SourceArgs,
        /// Print the stack as a JSON object
        #[arg(long)]
        json: bool,
    },
}

/// Runs the command. `config` is the option before `stack`; the option after it wins.
pub(crate) fn run(args: Args, config: Option<PathBuf>) -> Result<ExitCode> {
    let Command::Inspect {
        stack: name,
        source,
        json,
    } = args.command;
    let config = args.config.config.or(config);
    let config = super::load_config(config.as_deref())?;
    let (found, loaded) = super::find(&name, &config, &source, json)?;
    if json {
        super::print_json(&object(&loaded))?;
    } else {
        let trees = loaded.parts.iter();
        let trees: Vec<String> = trees
            .map(|part| tree(&part.title, &part.stack, &found.origin))
            .collect();
        super::print(&trees.join("\n"))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// The stack as a JSON object. If it has several live-specs, they are in `live`.
#[derive(Serialize)]
#[serde(untagged)]
enum Object<'a> {
    One {
        #[serde(flatten)]
        stack: &'a Stack,
        warnings: Vec<&'a str>,
    },
    Several {
        name: &'a str,
        live: BTreeMap<&'a str, &'a Stack>,
        warnings: Vec<&'a str>,
    },
}

fn object(loaded: &Loaded) -> Object<'_> {
    let warnings = super::all_warnings(loaded);
    match &loaded.parts[..] {
        [part] => Object::One {
            stack: &part.stack,
            warnings,
        },
        parts => Object::Several {
            name: &loaded.name,
            live: parts
                .iter()
                .map(|part| (&*part.title, &part.stack))
                .collect(),
            warnings,
        },
    }
}

/// A line of the tree: its depth and its columns.
type Line = (usize, Vec<String>);

fn tree(title: &str, stack: &Stack, origin: &Origin) -> String {
    let origin = printable(&origin.to_string());
    let mut text = format!("{}, from {origin}\n", green(title));
    if let Some(served) = &stack.served {
        let (alias, hash) = (&served.live_alias, &served.manifest_hash);
        text += &format!(
            "live-spec {}\nmanifest {}\n",
            printable(alias),
            printable(hash)
        );
    }
    for program in &stack.programs {
        text += &format!("program {}", printable(&program.address));
        if !program.name.is_empty() {
            text += &format!(", {}", printable(&program.name));
        }
        text.push('\n');
    }
    text += &format!("hash {}\n", stack.hash());
    for entity in &stack.entities {
        text += &format!("\n{}", green(&entity.name));
        if let Some(key) = &entity.key {
            text += &format!(", by {}", printable(key));
        }
        text += &format!("\n{}", aligned(&entity_lines(entity, stack)));
    }
    for ty in &stack.types {
        text += &format!("\n{}\n{}", type_head(ty), aligned(&type_lines(ty, stack)));
    }
    text
}

fn entity_lines(entity: &Entity, stack: &Stack) -> Vec<Line> {
    let mut lines = Vec::new();
    for section in &entity.sections {
        lines.push((1, vec![section.name.clone()]));
        lines.extend(
            section
                .fields
                .iter()
                .map(|field| (2, columns(field, stack))),
        );
    }
    lines.extend(entity.fields.iter().map(|field| (1, columns(field, stack))));
    for view in &entity.views {
        let output = match view.output {
            Output::Single => "one row",
            Output::Collection => "ordered rows",
            Output::Keyed => "rows by key",
            _ => "rows",
        };
        let steps = view.steps.join(", ");
        lines.push((
            1,
            vec![format!("view {}", view.id), output.to_owned(), steps],
        ));
    }
    lines
}

fn columns(field: &Field, stack: &Stack) -> Vec<String> {
    let mut ty = type_text(&field.ty, stack);
    if field.nullable {
        ty += " or null";
    }
    let appended = field.append.then(|| "appended to".to_owned());
    let notes: Vec<String> = appended
        .into_iter()
        .chain(field.origin.iter().cloned())
        .collect();
    vec![field.name.clone(), ty, notes.join("; ")]
}

fn type_head(ty: &TypeDef) -> String {
    let program = ty.program.as_ref();
    let program = program.map(|program| format!(" of {}", printable(program)));
    let docs: String = ty
        .docs
        .iter()
        .map(|line| format!("\n  {}", printable(line.trim())))
        .collect();
    let kind = match &ty.shape {
        Shape::Struct(_) => "an object",
        Shape::Tuple(_) => "a list with one of each",
        Shape::Enum(variants) if variants.iter().any(|it| it.data != Data::None) => {
            "one of these texts, or an object with one of these keys"
        }
        Shape::Enum(_) => "one of these texts",
        _ => "a type",
    };
    let program = program.unwrap_or_default();
    format!("{}{program}, {kind}{docs}", green(&title(ty)))
}

/// Returns a type's name, with its role if it belongs to an instruction.
fn title(ty: &TypeDef) -> String {
    match ty.role {
        Role::Accounts => format!("{} accounts", ty.name),
        Role::Args => format!("{} arguments", ty.name),
        _ => ty.name.clone(),
    }
}

fn type_lines(ty: &TypeDef, stack: &Stack) -> Vec<Line> {
    match &ty.shape {
        Shape::Struct(members) => members
            .iter()
            .map(|member| {
                let ty = type_text(&member.ty, stack);
                (1, vec![member.name.clone(), ty, member.note.clone()])
            })
            .collect(),
        Shape::Tuple(types) => types
            .iter()
            .map(|ty| (1, vec![type_text(ty, stack)]))
            .collect(),
        Shape::Enum(variants) => variants
            .iter()
            .map(|variant| {
                let data = match &variant.data {
                    Data::Struct(members) => {
                        let members = members.iter().map(|member| {
                            format!("{}: {}", member.name, type_text(&member.ty, stack))
                        });
                        format!("{{{}}}", members.collect::<Vec<_>>().join(", "))
                    }
                    Data::Tuple(types) => match types.as_slice() {
                        [ty] => type_text(ty, stack),
                        types => type_text(&Type::Tuple(types.to_vec()), stack),
                    },
                    _ => String::new(),
                };
                (1, vec![variant.name.clone(), data])
            })
            .collect(),
        _ => Vec::new(),
    }
}

/// Describes a type.
fn type_text(ty: &Type, stack: &Stack) -> String {
    match ty {
        Type::Bool => "bool".to_owned(),
        Type::Int(name) | Type::Float(name) => (*name).to_owned(),
        Type::Text => "text".to_owned(),
        Type::Json => "any JSON".to_owned(),
        Type::List(of) => format!("[{}]", type_text(of, stack)),
        Type::Array(of, length) => format!("[{}; {length}]", type_text(of, stack)),
        Type::Map(key, value) => {
            format!("{{{}: {}}}", type_text(key, stack), type_text(value, stack))
        }
        Type::Tuple(types) => {
            let types: Vec<String> = types.iter().map(|ty| type_text(ty, stack)).collect();
            format!("({})", types.join(", "))
        }
        Type::Nullable(of) => format!("({} or null)", type_text(of, stack)),
        Type::Boxed(of) => type_text(of, stack),
        Type::Capture(of) => format!("capture of {}", type_text(of, stack)),
        Type::Event(of) => format!("event of {}", type_text(of, stack)),
        Type::Instruction(accounts, args) => {
            let (accounts, args) = (type_text(accounts, stack), type_text(args, stack));
            format!("{{accounts: {accounts}, data: {args}}}")
        }
        Type::TokenMetadata => "token metadata".to_owned(),
        Type::SlotHash => "slot hash".to_owned(),
        Type::Defined(index) => match stack.types.get(*index) {
            Some(ty) => title(ty),
            None => format!("type {index}"),
        },
        _ => "a type".to_owned(),
    }
}

/// Aligns the columns of the lines. A line with one column does not widen the columns of the others.
fn aligned(lines: &[Line]) -> String {
    let mut widths = Vec::new();
    for (depth, columns) in lines.iter().filter(|(_, columns)| columns.len() > 1) {
        for (i, column) in columns.iter().enumerate() {
            let width = column.chars().count() + if i == 0 { 2 * depth } else { 0 };
            match widths.get_mut(i) {
                Some(widest) => *widest = width.max(*widest),
                None => widths.push(width),
            }
        }
    }
    let mut text = String::new();
    for (depth, columns) in lines {
        let mut line = String::new();
        for (i, column) in columns.iter().enumerate() {
            let column = printable(column);
            let column = match i {
                0 => format!("{}{column}", "  ".repeat(*depth)),
                _ => column,
            };
            let width = widths.get(i).copied().unwrap_or_default();
            line += &format!("{column:width$}  ");
        }
        text += line.trim_end();
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned() {
        let line =
            |depth, columns: &[&str]| (depth, columns.iter().map(|c| (*c).to_owned()).collect());
        let lines = [
            line(1, &["a section with a long name"]),
            line(2, &["id", "u64", ""]),
            line(1, &["phase", "Phase or null", "of the account Game"]),
        ];
        assert_eq!(
            aligned(&lines),
            "  a section with a long name\n    id   u64\n  phase  Phase or null  of the account Game\n"
        );
    }

    #[test]
    fn control_characters_of_a_stack_file_are_replaced() {
        let file = include_str!("../../fixtures/specs/settlement-game.stack.json");
        let escapes = file.replace("SettlementGame", r"Settlement\u001b[2JGame");
        let escapes = escapes.replace("pot", r"p\u001b[2Jot");
        let stack = Stack::from_json(&escapes).unwrap();
        let shown = tree(&stack.name, &stack, &Origin::Stdin);
        assert!(shown.contains("Settlement\u{fffd}[2JGame"), "{shown}");
        assert!(shown.contains("p\u{fffd}[2Jot"), "{shown}");
        assert!(!shown.contains('\u{1b}'), "{shown}");
    }
}
