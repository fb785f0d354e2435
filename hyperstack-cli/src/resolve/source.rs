//! Parses the names of the sources that handlers read.

use super::interface::Place;

/// The kind of a source.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Instruction,
    Event,
    Account,
    Other,
}

/// The name of a source: `pump::BuyIxState` is the instruction `Buy` of `pump`.
pub(super) struct SourceName<'s> {
    /// Empty if the file does not name a program.
    pub(super) program: &'s str,
    pub(super) name: &'s str,
    pub(super) kind: Kind,
}

impl<'s> SourceName<'s> {
    pub(super) fn parse(from: &'s str) -> Self {
        let (program, name) = from.rsplit_once("::").unwrap_or(("", from));
        let suffixes = [
            ("IxState", Kind::Instruction),
            ("CpiEvent", Kind::Event),
            ("State", Kind::Account),
        ];
        let known = |(suffix, kind)| Some((name.strip_suffix(suffix)?, kind));
        let (name, kind) = suffixes
            .into_iter()
            .find_map(known)
            .unwrap_or((name, Kind::Other));
        SourceName {
            program,
            name,
            kind,
        }
    }

    /// Returns the part of an IDL that defines the source.
    pub(super) fn place(&self) -> Option<Place<'s>> {
        Some(Place {
            program: self.program,
            module: Some(self.kind.module()?),
        })
    }
}

impl Kind {
    /// Returns the section of an IDL that defines such sources.
    pub(super) fn module(self) -> Option<&'static str> {
        match self {
            Kind::Instruction => Some("instructions"),
            Kind::Event => Some("events"),
            Kind::Account => Some("accounts"),
            Kind::Other => None,
        }
    }

    /// Returns the kind's name for documentation.
    pub(super) fn word(self) -> &'static str {
        match self {
            Kind::Instruction => "instruction",
            Kind::Event => "event",
            Kind::Account => "account",
            Kind::Other => "source",
        }
    }
}
