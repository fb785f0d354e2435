//! Decodes one patch type in three ways.
//!
//! [`derived`] and [`by_hand`] decode the same bytes into the same [`RoundPatch`](round::RoundPatch).
//! [`plain`] shows the cost of serde's own derive, with a struct that cannot tell absent from null.
//!
//! Other benchmarks share the struct and the [`random`] numbers.

pub mod by_hand;
pub mod payload;
pub mod plain;
pub mod random;
pub mod round;

use hyperstack_sdk::patch::{DecodeError, Patch};
use round::RoundPatch;

/// Decodes with the derives, as the client does for a frame without append paths.
pub fn derived(json: &str) -> Result<RoundPatch, DecodeError> {
    RoundPatch::decode(json, &[] as &[&str])
}

/// Decodes with a visitor written for this struct alone.
pub fn by_hand(json: &str) -> serde_json::Result<RoundPatch> {
    serde_json::from_str(json).map(|by_hand::Round(patch)| patch)
}

/// Decodes with serde's derive into plain types.
pub fn plain(json: &str) -> serde_json::Result<plain::Round> {
    serde_json::from_str(json)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Values that the payloads lack: integers in strings, null for whole sections, negative numbers.
    const ODD: &str = r#"{
        "_seq": "1:2", "treasury": null,
        "state": {"expires_at": "-9007199254740993", "deployed_per_square": [1, "18446744073709551615"]},
        "results": {"rng": "18446744073709551615", "did_hit_motherlode": true}
    }"#;

    #[test]
    fn both_decoders_make_the_same_patch() {
        for json in [payload::ROW, payload::PATCH, ODD] {
            assert_eq!(derived(json).unwrap(), by_hand(json).unwrap());
        }
    }

    #[test]
    fn both_decoders_refuse_the_same() {
        for json in [
            r#"{"state": {"total_miners": 1.5}}"#,
            r#"{"state": {"total_miners": "1.5"}}"#,
            r#"{"state": {"total_miners": -1}}"#,
            r#"{"state": {"count_per_square": [0, null]}}"#,
            r#"{"state": []}"#,
            r#"{"state": {}} {}"#,
        ] {
            assert!(derived(json).is_err(), "{json}");
            assert!(by_hand(json).is_err(), "{json}");
        }
    }

    #[test]
    fn the_row_sets_every_field() {
        let row = derived(payload::ROW).unwrap();
        let json = serde_json::to_value(&row).unwrap();
        let sections = json.as_object().unwrap();
        let fields = sections
            .values()
            .map(|section| section.as_object().unwrap().len());
        assert_eq!((sections.len(), fields.sum()), (7, 36));
        assert!(plain(payload::ROW).is_ok());
        assert!(plain(payload::PATCH).is_ok());
    }
}
