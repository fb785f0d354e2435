//! Where a decoder is: read by append lists, written by errors.

use super::error::{prepend_field, prepend_index, write_place, PatchError};
use super::units::{Reading, Units};
use serde::de::Error;

/// How deep units are read. Each is decoded by a deserializer of its own, so that no one of these sees the depth.
const MOST_UNITS: usize = 100;

/// What the decoders of one patch share.
///
/// It costs nothing as long as nothing fails and the frame names no append path.
#[derive(Debug, Default)]
pub struct Context<'a> {
    /// The frame's append paths.
    append: Vec<&'a str>,
    /// Whether appended arrays keep as many elements as a v2 server does.
    is_capped: bool,
    /// The dotted path of the value being decoded; kept only where `append` has paths.
    path: String,
    /// The path of what failed, put together from the inside out.
    failed: String,
    /// Set if units that do not decode are left out.
    units: Option<Reading<'a>>,
    /// How many units the value being decoded is in.
    depth: usize,
}

impl<'a> Context<'a> {
    /// A context for a frame with these append paths.
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
        let tracked = !self.append.is_empty() || self.units.is_some();
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

    /// Notes that what just failed was element `index` of a list.
    pub fn failed_at(&mut self, index: usize) {
        prepend_index(&mut self.failed, index);
    }

    /// Turns an element that could not be built into the decoder's error.
    pub fn fail<E: Error>(&mut self, error: &PatchError) -> E {
        error.path().clone_into(&mut self.failed);
        E::custom(error.reason())
    }

    /// Whether the array at this place is to be appended.
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

    /// Reads unit by unit; see [`Units`].
    pub(crate) fn by_units(self, root: &'static str, units: Units<'a>) -> Self {
        let units = Some(Reading::new(root, units));
        Self { units, ..self }
    }

    /// Whether units that do not decode are left out.
    pub(crate) fn reads_units(&self) -> bool {
        self.units.is_some()
    }

    /// Returns the units that failed.
    pub(crate) fn into_units(self) -> Option<Reading<'a>> {
        self.units
    }

    /// Runs a decoder for a value that is one unit, whatever is inside of it.
    pub fn whole<T>(&mut self, decode: impl FnOnce(&mut Self) -> T) -> T {
        let units = self.units.take();
        let decoded = decode(self);
        self.units = units;
        decoded
    }

    /// Runs a decoder for the unit under the key `name`. Returns `None` if the unit is not wanted, or if it
    /// does not decode, which is noted.
    pub(crate) fn unit<T>(
        &mut self,
        name: &str,
        decode: impl FnOnce(&mut Self) -> Result<T, serde_json::Error>,
    ) -> Option<T> {
        let mut unit = self.path.clone();
        if !unit.is_empty() {
            unit.push('.');
        }
        unit.push_str(name);
        if self.units.as_ref().is_some_and(|units| !units.wants(&unit)) {
            return None;
        }
        self.depth += 1;
        let decoded = if self.depth > MOST_UNITS {
            Err(serde_json::Error::custom("nested too deeply"))
        } else {
            self.under(name, decode)
        };
        self.depth -= 1;
        match decoded {
            Ok(decoded) => Some(decoded),
            Err(error) => {
                let failed = std::mem::take(&mut self.failed);
                let path = match failed.is_empty() {
                    true => unit.clone(),
                    false => unit[..unit.len() - name.len()].to_owned() + &failed,
                };
                if let Some(units) = &mut self.units {
                    units.note(unit, path, &error);
                }
                None
            }
        }
    }

    /// The path of what failed.
    pub fn into_failed(self) -> String {
        self.failed
    }

    /// `error` with the place in front of it.
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
    fn append_paths_are_told_apart_from_their_neighbours() {
        let mut cx = Context::new(&["log", "log.a.b", "logs", "other"]);
        let below: Result<_, ()> = cx.under("log", |cx| Ok((cx.appends(), cx.append_below())));
        assert_eq!(below, Ok((true, vec![String::new(), "a.b".to_owned()])));
        let below: Result<_, ()> = cx.under("lo", |cx| Ok((cx.appends(), cx.append_below())));
        assert_eq!(below, Ok((false, vec![])));
    }
}
