//! Derived structs in a crate that shadows every name and denies every lint. The test is that this compiles,
//! also under clippy. `tests/` decodes the structs.

// Groups first, then what is in no group or is allowed by default.
#![deny(warnings, unused, nonstandard_style, future_incompatible)]
#![deny(rust_2018_idioms, rust_2021_compatibility, rust_2024_compatibility)]
#![deny(
    absolute_paths_not_starting_with_crate,
    deprecated_in_future,
    explicit_outlives_requirements,
    impl_trait_redundant_captures,
    keyword_idents,
    let_underscore_drop,
    meta_variable_misuse,
    missing_copy_implementations,
    missing_debug_implementations,
    missing_docs,
    non_ascii_idents,
    private_bounds,
    private_interfaces,
    redundant_imports,
    redundant_lifetimes,
    single_use_lifetimes,
    trivial_casts,
    trivial_numeric_casts,
    unit_bindings,
    unnameable_types,
    unreachable_pub,
    unsafe_code,
    unused_import_braces,
    unused_lifetimes,
    unused_macro_rules,
    unused_qualifications,
    unused_results,
    variant_size_differences
)]
#![deny(clippy::all, clippy::pedantic, clippy::nursery)]
#![deny(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::clone_on_ref_ptr,
    clippy::default_numeric_fallback,
    clippy::else_if_without_else,
    clippy::expect_used,
    clippy::impl_trait_in_params,
    clippy::indexing_slicing,
    clippy::let_underscore_must_use,
    clippy::let_underscore_untyped,
    clippy::missing_inline_in_public_items,
    clippy::missing_trait_methods,
    clippy::multiple_inherent_impl,
    clippy::panic,
    clippy::pattern_type_mismatch,
    clippy::question_mark_used,
    clippy::renamed_function_params,
    clippy::same_name_method,
    clippy::shadow_reuse,
    clippy::shadow_same,
    clippy::shadow_unrelated,
    clippy::single_call_fn,
    clippy::single_char_lifetime_names,
    clippy::str_to_string,
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm
)]

// The crate is `::hyperstack_sdk` to itself, where the derives' default path would lead.
#[expect(unused_extern_crates, reason = "the name is what matters")]
extern crate self as hyperstack_sdk;

pub mod allowed;
pub mod constants;
pub mod deprecated;
pub mod documented;
pub mod everything;
pub mod generic;
pub mod in_bodies;
pub mod keywords;
pub mod locals_taken;
pub mod made_by_macro;
pub mod methods;
pub mod neighbours;
pub mod no_prelude;
pub mod paths;
pub mod shadowed;
pub mod visible;
