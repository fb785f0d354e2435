//! The hashes that name artifacts, such as `arete:h1:live-spec:sha256:6053…`.

use std::fmt::{self, Write as _};
use std::path::Path;

use sha2::{Digest as _, Sha256};

/// The kinds of artifacts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Kind {
    Manifest,
    Live,
    Program,
}

/// The name of an artifact: its kind, and the SHA-256 of its content.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Hash {
    kind: Kind,
    /// 64 digits in lower case.
    hex: String,
}

impl Kind {
    pub(crate) const ALL: [Kind; 3] = [Kind::Manifest, Kind::Live, Kind::Program];

    /// Returns the kind's name in artifacts.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Kind::Manifest => "stack-manifest",
            Kind::Live => "live-spec",
            Kind::Program => "program-spec",
        }
    }

    pub(crate) fn parse(name: &str) -> Option<Kind> {
        Kind::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// Returns the kind that a file's name claims, such as `OreStream.live-spec.json`.
    pub(crate) fn claimed(path: &Path) -> Option<Kind> {
        let name = path.file_name()?.to_str()?.strip_suffix(".json")?;
        Kind::parse(name.rsplit_once('.')?.1)
    }
}

impl Hash {
    /// Reads a hash of an artifact of this kind. The error says what is wrong.
    pub(crate) fn parse(kind: Kind, text: &str) -> Result<Hash, String> {
        let start = format!("arete:h1:{}:sha256:", kind.name());
        let hex = text.strip_prefix(&start).unwrap_or_default();
        if hex.len() != 64 || !hex.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(format!(
                "invalid hash `{text}`, expected `{start}` and 64 hexadecimal digits"
            ));
        }
        Ok(Hash {
            kind,
            hex: hex.to_ascii_lowercase(),
        })
    }

    /// Hashes the canonical text of an artifact's content.
    pub(crate) fn of(kind: Kind, canonical: &str) -> Hash {
        let mut hasher = Sha256::new();
        part(&mut hasher, "arete-hash");
        hasher.update(1_u32.to_be_bytes());
        for text in [kind.name(), "arete-jcs-v1", canonical] {
            part(&mut hasher, text);
        }
        Hash {
            kind,
            hex: hex(&hasher.finalize()),
        }
    }

    pub(crate) fn kind(&self) -> Kind {
        self.kind
    }

    pub(crate) fn hex(&self) -> &str {
        &self.hex
    }

    /// Returns the first digits, for messages.
    pub(crate) fn short(&self) -> String {
        short(&self.hex)
    }
}

/// Returns bytes as hexadecimal digits in lower case.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let mut hex = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        let _ = write!(hex, "{byte:02x}");
    }
    hex
}

/// Returns the first digits of a hash, for messages.
pub(crate) fn short(hex: &str) -> String {
    format!("{}…", hex.get(..8).unwrap_or(hex))
}

/// Adds a text after its length, which keeps texts apart.
fn part(hasher: &mut Sha256, text: &str) {
    hasher.update((text.len() as u64).to_be_bytes());
    hasher.update(text);
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "arete:h1:{}:sha256:{}", self.kind.name(), self.hex)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_has_its_kind_and_64_digits() {
        let hex = "0123456789abcdef".repeat(4);
        let text = format!("arete:h1:live-spec:sha256:{hex}");
        let hash = Hash::parse(Kind::Live, &text).unwrap();
        assert_eq!(
            (hash.to_string(), hash.short()),
            (text.clone(), "01234567…".to_owned())
        );
        let upper = text.replace(&hex, &hex.to_uppercase());
        assert_eq!(Hash::parse(Kind::Live, &upper), Ok(hash));
        for wrong in [
            "",
            "x",
            &text[..text.len() - 1],
            &format!("{text}0"),
            &text.replace('f', "g"),
        ] {
            let error = Hash::parse(Kind::Live, wrong).unwrap_err();
            assert!(
                error.ends_with("expected `arete:h1:live-spec:sha256:` and 64 hexadecimal digits")
            );
        }
        assert!(Hash::parse(Kind::Program, &text).is_err());
    }
}
