//! The dependencies of the packages.

pub const OUR_SDK: &str = concat!(
    "hyperstack-sdk = { path = '",
    env!("CARGO_MANIFEST_DIR"),
    "/../../hyperstack-sdk' }"
);
pub const PUBLISHED_SDK: &str = r#"hyperstack-sdk = "=0.6.9""#;
pub const SERDE: &str = r#"serde = { version = "1.0.220", features = ["derive"] }"#;
pub const SERDE_JSON: &str = r#"serde_json = "1.0.145""#;
pub const TOKIO: &str = r#"tokio = { version = "1.45", features = ["macros", "rt-multi-thread"] }"#;
