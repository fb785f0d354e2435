//! A project in its own directory, and the results of commands.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::{json, Value};

/// The files of a crate.
pub(crate) const CRATE: [&str; 4] = ["Cargo.toml", "src/lib.rs", "src/types.rs", "src/entity.rs"];
/// The files of a module.
pub(crate) const MODULE: [&str; 3] = ["mod.rs", "types.rs", "entity.rs"];

pub(crate) struct Project {
    directory: PathBuf,
}

/// The result of a command.
#[derive(Debug)]
pub(crate) struct Finished {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Project {
    /// Creates an empty project. `name` must be unique to the test.
    pub(crate) fn empty(name: &str) -> Project {
        let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        if directory.exists() {
            fs::remove_dir_all(&directory).unwrap();
        }
        fs::create_dir_all(&directory).unwrap();
        Project { directory }
    }

    /// Creates a project with the stack SettlementGame, where the build of its crate writes it.
    pub(crate) fn with_game(name: &str) -> Project {
        let project = Project::empty(name);
        project.write(GAME, &stack("SettlementGame", &["Game", "Player"]));
        project
    }

    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.directory.join(path)
    }

    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub(crate) fn read(&self, path: &str) -> String {
        fs::read_to_string(self.path(path)).unwrap()
    }

    pub(crate) fn exists(&self, path: &str) -> bool {
        self.path(path).exists()
    }

    /// Returns a command in this directory. Its arguments are separated by spaces.
    pub(crate) fn command(&self, words: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_hs"));
        command.args(words.split(' ')).current_dir(&self.directory);
        command
    }

    pub(crate) fn hs(&self, words: &str) -> Finished {
        finished(self.command(words).output().unwrap())
    }

    /// Runs `hs` with text on standard input.
    pub(crate) fn hs_fed(&self, words: &str, input: &str) -> Finished {
        let mut command = self.command(words);
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        // A command that fails early does not read its input.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        finished(child.wait_with_output().unwrap())
    }
}

pub(crate) const GAME: &str = "programs/game/.hyperstack/SettlementGame.stack.json";

fn finished(output: Output) -> Finished {
    Finished {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

impl Finished {
    /// Returns the output of a command that succeeded and printed no errors.
    #[track_caller]
    pub(crate) fn success(self) -> String {
        assert_eq!((self.code, self.stderr.as_str()), (Some(0), ""), "{self:?}");
        self.stdout
    }

    /// Returns the output of a successful command as JSON.
    #[track_caller]
    pub(crate) fn json(self) -> Value {
        serde_json::from_str(&self.success()).unwrap()
    }

    /// Returns the errors of a command that failed and printed no output.
    #[track_caller]
    pub(crate) fn failure(self) -> String {
        assert_eq!((self.code, self.stdout.as_str()), (Some(1), ""), "{self:?}");
        self.stderr
    }

    /// Returns the errors of a command that was called with invalid arguments.
    #[track_caller]
    pub(crate) fn usage_error(self) -> String {
        assert_eq!((self.code, self.stdout.as_str()), (Some(2), ""), "{self:?}");
        self.stderr
    }
}

/// Returns the text of a stack file.
pub(crate) fn stack(name: &str, entities: &[&str]) -> String {
    let entities: Vec<Value> = entities.iter().map(|name| entity_json(name)).collect();
    let stack = json!({ "ast_version": "0.0.1", "stack_name": name, "entities": entities });
    serde_json::to_string_pretty(&stack).unwrap()
}

/// Returns the text of a file in the older format.
pub(crate) fn entity(name: &str) -> String {
    serde_json::to_string_pretty(&entity_json(name)).unwrap()
}

fn entity_json(name: &str) -> Value {
    let field = |name: &str, is_optional: bool| {
        json!({
            "field_name": name,
            "rust_type_name": if is_optional { "Option < u64 >" } else { "u64" },
            "base_type": "Integer",
            "is_optional": is_optional,
            "is_array": false,
            "inner_type": if is_optional { json!("u64") } else { json!(null) },
        })
    };
    json!({
        "state_name": name,
        "identity": { "primary_keys": ["id.game_id"], "lookup_indexes": [] },
        "handlers": [],
        "sections": [
            { "name": "id", "is_nested_struct": false, "fields": [field("game_id", false)] },
            { "name": "state", "is_nested_struct": false, "fields": [field("pot", true)] },
        ],
        "field_mappings": {},
        "resolver_hooks": [],
        "instruction_hooks": [],
        "views": [{
            "id": format!("{name}/latest"),
            "source": { "Entity": { "name": name } },
            "pipeline": [{
                "Sort": { "key": { "segments": ["id", "game_id"], "offsets": null }, "order": "desc" }
            }],
            "output": "Collection",
        }],
    })
}
