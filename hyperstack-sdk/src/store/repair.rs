//! Repairs updates that do not fit: leaves out the units at fault, and notes which fields of a row are stale.

use crate::patch::record::Fields;
use crate::patch::{
    check, decode_units, is_within, BadUnit, Patch, PatchError, PatchErrorKind, Record, Units,
};
use crate::stream::RowErrorCause;

/// A unit of an update that was left out.
#[derive(Debug, Clone)]
pub(super) struct Fault {
    /// The unit's dotted path.
    pub(super) unit: String,
    pub(super) cause: RowErrorCause,
}

/// What remains of an update.
pub(super) struct Repaired<P> {
    pub(super) patch: Box<P>,
    pub(super) faults: Vec<Fault>,
    /// Whether the row must be fetched again, because later patches cannot make up for what was left out.
    pub(super) needs_fetch: bool,
}

/// The fields of a row whose latest value was left out, as dotted paths. Few rows have any.
#[derive(Debug, Default)]
pub(super) struct Stale(Vec<String>);

impl Stale {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn paths(&self) -> &[String] {
        &self.0
    }

    /// The fields that were left out of a row that is new or was replaced.
    pub(super) fn of(faults: &[Fault]) -> Self {
        Stale(faults.iter().map(|fault| fault.unit.clone()).collect())
    }

    /// Updates the stale paths after a patch: the fields that it set are fresh, the units left out are stale.
    pub(super) fn update(&mut self, patch: &impl Patch, faults: &[Fault]) {
        let set = patch.changed_fields();
        self.0.retain(|path| {
            let sets = |set: &String| is_within(set, path) || is_within(path, set);
            !set.iter().any(sets)
        });
        for fault in faults {
            if !self.0.contains(&fault.unit) {
                self.0.push(fault.unit.clone());
            }
        }
    }
}

/// Removes the units of a patch that cannot be merged into `row`. Without a row, removes nulls of fields that
/// are not nullable. Elements that are appended to a stale list are removed too: some before them are missing.
///
/// # Errors
///
/// If nothing can be made of the update.
pub(super) fn patch<T: Record>(
    row: Option<&T>,
    data: &str,
    append: &[impl AsRef<str>],
    is_capped: bool,
    stale: &Stale,
) -> Result<Repaired<T::Patch>, RowErrorCause> {
    let appends = |path: &&String| append.iter().any(|at| at.as_ref() == **path);
    let mut left_out = LeftOut {
        units: stale.paths().iter().filter(appends).cloned().collect(),
        ..LeftOut::default()
    };
    let mut needs_fetch = !left_out.units.is_empty();
    loop {
        let units = Units::Except(&left_out.units);
        let (patch, bad) = decode_units::<T::Patch>(data, append, is_capped, units)?;
        let merged = match row {
            Some(row) => check(row, &patch),
            None => build_error::<T>(&patch).map_or(Ok(()), Err),
        };
        match merged {
            Err(error) if row.is_some() || error.kind() != PatchErrorKind::Missing => {
                // The patch sets part of a section that only the server's row has.
                needs_fetch |= error.kind() == PatchErrorKind::Missing;
                left_out.add(error, bad)?;
            }
            _ => {
                needs_fetch |= bad.iter().any(|bad| appends(&&bad.unit));
                return Ok(Repaired {
                    patch,
                    faults: left_out.faults(&bad),
                    needs_fetch,
                });
            }
        }
    }
}

/// Leaves out of a whole row what does not fit. A row that is held keeps its own values there.
///
/// # Errors
///
/// If nothing can be made of the update, or if the row that is held has a required field that the update does
/// not bring: without it, the update replaces nothing.
pub(super) fn whole<T: Record>(
    row: Option<&T>,
    data: &str,
) -> Result<Repaired<T::Patch>, RowErrorCause> {
    const NO_PATHS: &[&str] = &[];
    let mut left_out = LeftOut::default();
    let mut partial = None;
    loop {
        let units = Units::Except(&left_out.units);
        let (mut patch, bad) = decode_units::<T::Patch>(data, NO_PATHS, false, units)?;
        if let Some(row) = row {
            let kept = bad.iter().map(|bad| &bad.unit);
            let kept: Vec<String> = kept.chain(&left_out.units).cloned().collect();
            // A row's own patch always serializes and decodes.
            let json = serde_json::to_string(&T::diff_slots(row, row, true)).unwrap_or_default();
            let units = Units::Only(&kept);
            let (mut kept, _) = decode_units::<T::Patch>(&json, NO_PATHS, false, units)?;
            T::Patch::then_fields(&mut patch, &mut kept);
        }
        let Some(error) = build_error::<T>(&patch) else {
            return Ok(Repaired::whole(patch, left_out.faults(&bad)));
        };
        let is_bad = bad.iter().any(|bad| is_within(error.path(), &bad.unit));
        if error.kind() != PatchErrorKind::Missing {
            left_out.add(error, bad)?;
        } else if is_bad && error.path().contains('.') {
            // Try again without the section or map entry that requires this field.
            let first = || Repaired::whole(patch, left_out.faults(&bad));
            partial.get_or_insert_with(first);
            left_out.add(error, bad)?;
        } else if row.is_some() {
            return Err(error.into());
        } else {
            let rest = || Repaired::whole(patch, left_out.faults(&bad));
            return Ok(partial.unwrap_or_else(rest));
        }
    }
}

/// Why no row can be built from a patch alone, if that is so.
fn build_error<T: Record>(patch: &T::Patch) -> Option<PatchError> {
    T::build_slots(&mut patch.clone()).err()
}

impl<P> Repaired<P> {
    fn whole(patch: Box<P>, faults: Vec<Fault>) -> Self {
        Repaired {
            patch,
            faults,
            needs_fetch: false,
        }
    }
}

/// What was left out so far.
#[derive(Default)]
struct LeftOut {
    units: Vec<String>,
    faults: Vec<Fault>,
}

impl LeftOut {
    /// Leaves out the unit that the error names. If it is already left out or does not decode, leaves out the
    /// section or map entry around it.
    fn add(&mut self, error: PatchError, bad: Vec<BadUnit>) -> Result<(), RowErrorCause> {
        let mut unit = error.path().split('[').next().unwrap_or_default();
        let is_out = |unit: &str| {
            let mut bad = bad.iter().map(|bad| &bad.unit);
            bad.any(|bad| bad == unit) || self.units.iter().any(|path| path == unit)
        };
        while is_out(unit) {
            unit = match unit.rsplit_once('.') {
                Some((outer, _)) => outer,
                None => return Err(error.into()),
            };
        }
        if unit.is_empty() {
            return Err(error.into());
        }
        let unit = unit.to_owned();
        // What does not decode is the cause of what is missing.
        let cause = bad.into_iter().find(|bad| is_within(&bad.unit, &unit));
        let cause = cause.map_or_else(|| error.into(), |bad| bad.error.into());
        self.faults.retain(|fault| !is_within(&fault.unit, &unit));
        self.units.push(unit.clone());
        self.faults.push(Fault { unit, cause });
        Ok(())
    }

    /// Returns all faults, with those of units that do not decode.
    fn faults(&self, bad: &[BadUnit]) -> Vec<Fault> {
        let bad = bad.iter().cloned().map(Fault::from);
        self.faults.iter().cloned().chain(bad).collect()
    }
}

impl From<BadUnit> for Fault {
    fn from(bad: BadUnit) -> Self {
        Fault {
            unit: bad.unit,
            cause: bad.error.into(),
        }
    }
}
