//! Repairs updates with decode errors: leaves out the bad units, and records which fields of a row are stale.

use crate::patch::record::{own_names, Fields};
use crate::patch::{
    check, decode_units, is_within, replaced_fields, BadUnit, Patch, PatchError, PatchErrorKind,
    Record, Units,
};
use crate::stream::RowErrorCause;

/// A unit of an update that was left out.
#[derive(Debug, Clone)]
pub(super) struct Fault {
    /// The unit's dotted path.
    pub(super) unit: String,
    pub(super) cause: RowErrorCause,
}

/// A repaired update.
pub(super) struct Repaired<P> {
    pub(super) patch: Box<P>,
    pub(super) faults: Vec<Fault>,
    /// Whether the row must be fetched again, because later patches cannot replace the units that were left out.
    pub(super) needs_fetch: bool,
}

/// The fields of a row whose latest value was left out. Few rows have any.
#[derive(Debug, Default)]
pub(super) struct Stale {
    /// Dotted paths.
    paths: Vec<String>,
    /// Whether the latest whole row was left out. A new snapshot would then not help.
    is_row: bool,
}

impl Stale {
    pub(super) fn paths(&self) -> &[String] {
        &self.paths
    }

    /// Returns the paths of lists that cannot be appended to until a snapshot replaces the row.
    fn lists(&self) -> &[String] {
        if self.is_row {
            &[]
        } else {
            &self.paths
        }
    }

    /// Returns the stale fields of a row that is new or was replaced, if it has any.
    pub(super) fn of(faults: &[Fault]) -> Option<Box<Self>> {
        let is_row = false;
        let paths: Vec<_> = faults.iter().map(|fault| fault.unit.clone()).collect();
        (!paths.is_empty()).then(|| Box::new(Stale { paths, is_row }))
    }

    /// Returns all fields as stale, because the latest whole row was left out.
    pub(super) fn row<P: Fields>() -> Self {
        let is_row = true;
        let names = own_names::<P>().iter();
        let paths = names.map(|name| (*name).to_owned()).collect();
        Stale { paths, is_row }
    }

    /// Updates the stale paths after a patch: replaced fields become fresh, and units that were left out become stale.
    /// Returns whether a snapshot must replace the row. That is so if the patch sets a part of a stale section or map,
    /// because the client's other parts then differ from the server's.
    pub(super) fn update(
        &mut self,
        patch: &impl Patch,
        append: &[impl AsRef<str>],
        faults: &[Fault],
    ) -> bool {
        let mut replaced = replaced_fields(patch);
        replaced.retain(|path| !append.iter().any(|at| at.as_ref() == path));
        self.paths
            .retain(|path| !replaced.iter().any(|set| is_within(path, set)));
        let set = patch.changed_fields();
        let sets_part = |path: &String| set.iter().any(|set| is_within(set, path));
        let needs_fetch = !self.is_row && self.paths.iter().any(sets_part);
        for fault in faults {
            if !self.paths.contains(&fault.unit) {
                self.paths.push(fault.unit.clone());
            }
        }
        needs_fetch
    }
}

/// Removes the units of a patch that cannot be merged into `row`. Without a row, removes nulls of fields that are not
/// nullable. Also removes elements that are appended to a stale list, because earlier ones are missing.
///
/// # Errors
///
/// If the update cannot be repaired.
pub(super) fn patch<T: Record>(
    row: Option<&T>,
    data: &str,
    append: &[impl AsRef<str>],
    is_capped: bool,
    stale: &Stale,
) -> Result<Repaired<T::Patch>, RowErrorCause> {
    let appends = |path: &&String| append.iter().any(|at| at.as_ref() == **path);
    let mut left_out = LeftOut {
        units: stale.lists().iter().filter(appends).cloned().collect(),
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

/// Removes the bad units of a whole row. The present row keeps its own values there.
///
/// # Errors
///
/// If the update cannot be repaired, or if it lacks a required field that the present row has. Such an update replaces
/// nothing.
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

/// Returns why no row can be built from a patch alone.
pub(super) fn build_error<T: Record>(patch: &T::Patch) -> Option<PatchError> {
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

/// The units that were left out so far.
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
        // The bad units cause the missing fields, so report them.
        let cause = bad.into_iter().find(|bad| is_within(&bad.unit, &unit));
        let cause = cause.map_or_else(|| error.into(), |bad| bad.error.into());
        self.faults.retain(|fault| !is_within(&fault.unit, &unit));
        self.units.push(unit.clone());
        self.faults.push(Fault { unit, cause });
        Ok(())
    }

    /// Returns all faults, including those of units that do not decode.
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
