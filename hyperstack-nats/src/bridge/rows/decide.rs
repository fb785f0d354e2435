//! Decides what a bridge does about one key, from what the source and the bucket have.
//!
//! Several bridges can copy one view at the same time. A bridge writes only if that cannot replace a newer state:
//!
//! - The source is *authoritative* over an entry that is certainly older than the bridge's copy of the source: the bridge
//!   has written the entry itself, or had read it before it requested its snapshot.
//! - Else the versions of the rows must tell. Those of deleted rows cannot: a derived view can lose a row and get it back
//!   unchanged.
//!
//! If neither tells, the bridge waits: the source is about to report what another bridge already wrote. If that does not
//! happen, the bridge requests a new snapshot, which is authoritative over all that it has read of the bucket.

use super::stamp::Stamp;

/// What the bucket has of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Held {
    pub(super) revision: u64,
    pub(super) is_deleted: bool,
    /// The row, or the last known state of the row that was deleted.
    pub(super) stamp: Stamp,
    /// Whether this bridge has written it.
    pub(super) is_mine: bool,
}

/// What the source has of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Local {
    Row(Stamp),
    /// The source has no such row.
    Gone,
    /// The snapshot is not complete.
    Unknown,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Decision {
    Nothing,
    /// Writes the row if the bucket's revision of the key is still this one. 0 means that there is none.
    Put(u64),
    /// Deletes the row under the same condition.
    Delete(u64),
    /// Waits for news.
    Doubt,
}

/// `fence` is the last revision that the bridge had read before it requested its snapshot.
pub(super) fn decide(local: Local, held: Option<&Held>, fence: u64) -> Decision {
    let Some(held) = held else {
        return match local {
            Local::Row(_) => Decision::Put(0),
            _ => Decision::Nothing,
        };
    };
    let is_authoritative = held.is_mine || held.revision <= fence;
    match local {
        Local::Row(row) => {
            let is_newer = row.is_newer_than(&held.stamp);
            if !held.is_deleted && row.has_content_of(&held.stamp) && !is_newer {
                Decision::Nothing
            } else if is_authoritative || is_newer {
                Decision::Put(held.revision)
            } else {
                Decision::Doubt
            }
        }
        Local::Gone if held.is_deleted => Decision::Nothing,
        Local::Gone if is_authoritative => Decision::Delete(held.revision),
        Local::Gone => Decision::Doubt,
        Local::Unknown => Decision::Nothing,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn row(counter: u64, x: u64) -> Stamp {
        Stamp::of(&json!({"_version": format!("0000000a:{counter}"), "x": x}))
    }

    fn other_epoch(x: u64) -> Stamp {
        Stamp::of(&json!({"_version": "0000000b:1", "x": x}))
    }

    fn held(revision: u64, stamp: Stamp) -> Held {
        Held {
            revision,
            is_deleted: false,
            stamp,
            is_mine: false,
        }
    }

    fn deleted(revision: u64, stamp: Stamp) -> Held {
        Held {
            is_deleted: true,
            ..held(revision, stamp)
        }
    }

    #[test]
    fn a_new_key_is_written() {
        assert_eq!(decide(Local::Row(row(1, 1)), None, 0), Decision::Put(0));
        for local in [Local::Gone, Local::Unknown] {
            assert_eq!(decide(local, None, 0), Decision::Nothing);
        }
    }

    #[test]
    fn an_equal_row_is_not_written_again() {
        let of = |local, stamp| decide(Local::Row(local), Some(&held(7, stamp)), 9);
        assert_eq!(of(row(1, 1), row(1, 1)), Decision::Nothing);
        // The server has restarted.
        assert_eq!(of(other_epoch(1), row(5, 1)), Decision::Nothing);
        assert_eq!(of(row(2, 1), row(1, 1)), Decision::Put(7));
    }

    #[test]
    fn a_snapshot_replaces_what_was_read_before_it() {
        let of = |local, fence| decide(local, Some(&held(7, row(5, 1))), fence);
        for local in [Local::Row(row(4, 2)), Local::Row(other_epoch(2))] {
            assert_eq!(of(local, 7), Decision::Put(7));
            assert_eq!(of(local, 6), Decision::Doubt);
        }
        assert_eq!(of(Local::Gone, 7), Decision::Delete(7));
        assert_eq!(of(Local::Gone, 6), Decision::Doubt);
        assert_eq!(of(Local::Unknown, 7), Decision::Nothing);
        let marker = deleted(7, row(5, 1));
        let of = |local, fence| decide(local, Some(&marker), fence);
        assert_eq!(of(Local::Row(row(5, 1)), 7), Decision::Put(7));
        assert_eq!(of(Local::Row(row(5, 1)), 6), Decision::Doubt);
        assert_eq!(of(Local::Gone, 7), Decision::Nothing);
    }

    #[test]
    fn a_bridge_replaces_its_own_rows() {
        let mine = Held {
            is_mine: true,
            ..held(7, row(5, 1))
        };
        assert_eq!(
            decide(Local::Row(other_epoch(2)), Some(&mine), 0),
            Decision::Put(7)
        );
        assert_eq!(decide(Local::Gone, Some(&mine), 0), Decision::Delete(7));
    }

    #[test]
    fn a_newer_version_replaces_rows_of_other_bridges() {
        let of = |local, held: Held| decide(local, Some(&held), 0);
        assert_eq!(
            of(Local::Row(row(6, 2)), held(7, row(5, 1))),
            Decision::Put(7)
        );
        assert_eq!(
            of(Local::Row(row(6, 2)), deleted(7, row(5, 1))),
            Decision::Put(7)
        );
    }
}
