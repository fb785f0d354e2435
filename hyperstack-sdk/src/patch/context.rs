//! The state of a decoder: its place, which append lists read and errors report.

use super::error::{prepend_field, prepend_index, write_place, PatchError};
use super::survey::Survey;
use super::units::{Reading, Units};
use serde::de::Error;

/// The maximum nesting of entries. Each has its own deserializer, so serde_json's recursion limit does not apply.
const MOST_ENTRIES: usize = 100;

/// The state that the decoders of one patch share.
///
/// It costs nothing unless a value fails or the frame has append paths.
#[derive(Debug, Default)]
pub struct Context<'a> {
    /// The frame's append paths.
    append: Vec<&'a str>,
    /// Whether appended arrays keep as many elements as a v2 server does.
    is_capped: bool,
    /// The dotted path of the value being decoded. Kept if `append` has paths, and in all modes but the plain one.
    path: String,
    /// The path of the value that failed, built from the inside out.
    failed: String,
    mode: Mode<'a>,
    /// The number of entries around the value being decoded.
    depth: usize,
}

/// How objects are decoded.
#[derive(Debug, Default)]
enum Mode<'a> {
    /// Fails at the first error.
    #[default]
    Plain,
    /// Leaves out units that do not decode.
    Units(Reading<'a>),
    /// Records which fields are present.
    Survey(&'a mut Survey),
}

impl<'a> Context<'a> {
    /// Creates a context for a frame with these append paths.
    pub fn new(append: &'a [impl AsRef<str>]) -> Self {
        Self {
            append: append.iter().map(AsRef::as_ref).collect(),
            ..Self::default()
        }
    }

    /// Whether appended arrays keep as many elements as a v2 server does.
    pub fn is_capped(&self) -> bool {
        self.is_capped
    }

    /// Sets whether appended arrays keep as many elements as a v2 server does.
    pub(crate) fn capped(self, is_capped: bool) -> Self {
        Self { is_capped, ..self }
    }

    /// Runs a decoder for the value under the key `name`.
    #[inline]
    pub fn under<T, E>(
        &mut self,
        name: &str,
        decode: impl FnOnce(&mut Self) -> Result<T, E>,
    ) -> Result<T, E> {
        let outer = self.path.len();
        let tracked = !self.append.is_empty() || !self.is_plain();
        if tracked {
            if outer > 0 {
                self.path.push('.');
            }
            self.path.push_str(name);
        }
        let decoded = decode(self);
        if tracked {
            self.path.truncate(outer);
        }
        if decoded.is_err() {
            prepend_field(&mut self.failed, name);
        }
        decoded
    }

    /// Adds the index of the list element that failed to the failed path.
    pub fn failed_at(&mut self, index: usize) {
        prepend_index(&mut self.failed, index);
    }

    /// Converts the error of building an element into the decoder's error.
    pub fn fail<E: Error>(&mut self, error: &PatchError) -> E {
        error.path().clone_into(&mut self.failed);
        E::custom(error.reason())
    }

    /// Whether the array at this place is appended to.
    pub fn appends(&self) -> bool {
        self.append.contains(&self.path.as_str())
    }

    /// The append paths at and below this place, relative to it.
    pub fn append_below(&self) -> Vec<String> {
        let relative = |path: &&str| {
            let rest = path.strip_prefix(self.path.as_str())?;
            match rest.strip_prefix('.') {
                Some(below) if !self.path.is_empty() => Some(below.to_owned()),
                _ if rest.is_empty() || self.path.is_empty() => Some(rest.to_owned()),
                _ => None,
            }
        };
        self.append.iter().filter_map(relative).collect()
    }

    /// Decodes unit by unit; see [`Units`].
    pub(crate) fn by_units(self, root: &'static str, units: Units<'a>) -> Self {
        let mode = Mode::Units(Reading::new(root, units));
        Self { mode, ..self }
    }

    /// A context that decodes an object for a survey.
    pub(super) fn surveyed(survey: &'a mut Survey) -> Self {
        let mode = Mode::Survey(survey);
        Self {
            mode,
            ..Self::default()
        }
    }

    /// Whether objects are decoded normally.
    #[inline]
    pub(crate) fn is_plain(&self) -> bool {
        matches!(self.mode, Mode::Plain)
    }

    /// Whether units that do not decode are left out.
    pub(crate) fn reads_units(&self) -> bool {
        matches!(self.mode, Mode::Units(_))
    }

    /// The survey that objects are decoded for, with the dotted path of the value being decoded.
    pub(super) fn survey(&mut self) -> Option<(&mut Survey, &str)> {
        match &mut self.mode {
            Mode::Survey(survey) => Some((survey, &self.path)),
            _ => None,
        }
    }

    /// Returns the units that failed.
    pub(crate) fn into_units(self) -> Option<Reading<'a>> {
        match self.mode {
            Mode::Units(reading) => Some(reading),
            _ => None,
        }
    }

    /// Runs a decoder for a value that counts as one unit with everything inside it.
    pub fn whole<T>(&mut self, decode: impl FnOnce(&mut Self) -> T) -> T {
        if !self.reads_units() {
            return decode(self);
        }
        let mode = std::mem::take(&mut self.mode);
        let decoded = decode(self);
        self.mode = mode;
        decoded
    }

    /// Runs a decoder for the unit under the key `name`. Returns `None` if the unit is not wanted or if it fails, and
    /// records the failure.
    pub(crate) fn unit<T>(
        &mut self,
        name: &str,
        is_null: bool,
        decode: impl FnOnce(&mut Self) -> Result<T, serde_json::Error>,
    ) -> Option<T> {
        let mut unit = self.path.clone();
        if !unit.is_empty() {
            unit.push('.');
        }
        unit.push_str(name);
        let Mode::Units(units) = &self.mode else {
            return None;
        };
        if !units.wants(&unit, is_null) {
            return None;
        }
        match self.entry(name, decode) {
            Ok(decoded) => Some(decoded),
            Err(error) => {
                let failed = std::mem::take(&mut self.failed);
                let path = if failed.is_empty() {
                    unit.clone()
                } else {
                    unit[..unit.len() - name.len()].to_owned() + &failed
                };
                if let Mode::Units(units) = &mut self.mode {
                    units.note(unit, path, &error);
                }
                None
            }
        }
    }

    /// Runs a decoder for an entry: the value under the key `name`, with its own deserializer.
    pub(super) fn entry<T>(
        &mut self,
        name: &str,
        decode: impl FnOnce(&mut Self) -> Result<T, serde_json::Error>,
    ) -> Result<T, serde_json::Error> {
        if self.depth == MOST_ENTRIES {
            return Err(serde_json::Error::custom("nested too deeply"));
        }
        self.depth += 1;
        let decoded = self.under(name, decode);
        self.depth -= 1;
        decoded
    }

    /// Returns the path of the value that failed.
    pub fn into_failed(self) -> String {
        self.failed
    }

    /// Returns `error` with the place in front of it.
    pub(crate) fn locate<E: Error>(&self, root: &str, error: &E) -> E {
        let mut text = String::new();
        // Writing to a String cannot fail.
        let _ = write_place(&mut text, root, &self.failed);
        E::custom(format_args!("{text}{error}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn append_paths_match_whole_names() {
        let mut cx = Context::new(&["log", "log.a.b", "logs", "other"]);
        let below: Result<_, ()> = cx.under("log", |cx| Ok((cx.appends(), cx.append_below())));
        assert_eq!(below, Ok((true, vec![String::new(), "a.b".to_owned()])));
        let below: Result<_, ()> = cx.under("lo", |cx| Ok((cx.appends(), cx.append_below())));
        assert_eq!(below, Ok((false, vec![])));
    }
}
