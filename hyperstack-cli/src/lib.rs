//! Generates a typed Rust crate from a stack file, or from a stack-manifest and its parts: see [`load`].
//!
//! ```
//! use hyperstack_cli::model::Stack;
//! use hyperstack_cli::rust::{generate, Options};
//!
//! let json = r#"{"stack_name": "Game", "entities": [{"state_name": "Player", "sections": []}]}"#;
//! let stack = Stack::from_json(json)?;
//! let files = generate(&stack, &Options::new(&stack));
//! assert!(files.iter().any(|file| file.path.ends_with("src/entity.rs")));
//! # Ok::<(), hyperstack_cli::spec::ParseError>(())
//! ```

mod artifact;
pub mod build;
pub mod config;
pub mod find;
pub mod infer;
pub mod load;
pub mod model;
mod names;
#[doc(hidden)]
pub mod nearest;
pub mod output;
mod resolve;
pub mod rust;
pub mod spec;
