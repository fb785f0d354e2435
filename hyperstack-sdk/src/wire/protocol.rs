//! The versions of the protocol.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A version of the WebSocket protocol.
///
/// Hyperstack servers (0.5 and 0.6) speak v1. Arete servers speak v2 only. Your code is the same for both;
/// [protocol versions](crate::guide::connecting#protocol-versions) lists the differences.
///
/// As JSON: `"auto"`, `"v1"` or `"v2"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Protocol {
    /// A client detects the version that its server speaks. A test server speaks its default version.
    #[default]
    Auto,
    /// Protocol v1: a view and a key identify a subscription.
    V1,
    /// Protocol v2: a subscription has an id, and the server applies its filters and its window.
    V2,
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Protocol::Auto => "auto",
            Protocol::V1 => "v1",
            Protocol::V2 => "v2",
        })
    }
}
