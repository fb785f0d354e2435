//! Placeholder while the crate has no content.
