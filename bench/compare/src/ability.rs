//! The ten cases, with the same JSON for every library.

/// A case: one struct, and the patches to test it with.
pub struct Ability {
    pub name: &'static str,
    pub cases: &'static [Case],
    /// A patch that must be refused, and the path of the error.
    pub wrong: (&'static str, &'static str),
}

/// One patch.
pub struct Case {
    /// The row before.
    pub row: &'static str,
    /// The patch as it arrives.
    pub patch: &'static str,
    /// The patch's normal form, if it differs from the patch as it arrives.
    pub means: &'static str,
    /// The paths of the lists that the message appends to.
    pub append: &'static [&'static str],
    /// The row after.
    pub merged: &'static str,
}

/// A patch that replaces lists.
const fn case(row: &'static str, patch: &'static str, merged: &'static str) -> Case {
    Case {
        row,
        patch,
        means: patch,
        append: &[],
        merged,
    }
}

/// The number of the case that is about the error, not the merge.
pub const LOCATED: usize = 9;

pub const ABILITIES: [Ability; 10] = [
    Ability {
        name: "flat scalars",
        cases: &[
            case(
                r#"{"slot": 1, "price": 0.5, "buy": true, "signature": "a"}"#,
                r#"{"price": 2.5}"#,
                r#"{"slot": 1, "price": 2.5, "buy": true, "signature": "a"}"#,
            ),
            case(
                r#"{"slot": 1, "price": 0.5, "buy": true, "signature": "a"}"#,
                r#"{"slot": 2, "buy": false, "signature": "b"}"#,
                r#"{"slot": 2, "price": 0.5, "buy": false, "signature": "b"}"#,
            ),
        ],
        wrong: (r#"{"price": []}"#, "price"),
    },
    Ability {
        name: "absent, null and value kept apart",
        cases: &[
            case(
                r#"{"slot": 1, "price": 0.5, "symbol": "ORE", "open": true, "holders": ["a"]}"#,
                r#"{"slot": null, "price": null}"#,
                r#"{"slot": null, "price": null, "symbol": "ORE", "open": true, "holders": ["a"]}"#,
            ),
            case(
                r#"{"slot": 1, "price": 0.5, "symbol": "ORE", "open": true, "holders": ["a"]}"#,
                r#"{"symbol": null, "open": null, "holders": null}"#,
                r#"{"slot": 1, "price": 0.5, "symbol": null, "open": null, "holders": null}"#,
            ),
            case(
                r#"{"slot": null, "price": null, "symbol": null, "open": null, "holders": null}"#,
                r#"{"slot": 1, "symbol": "ORE", "holders": []}"#,
                r#"{"slot": 1, "price": null, "symbol": "ORE", "open": null, "holders": []}"#,
            ),
        ],
        wrong: (r#"{"holders": ["a", 5]}"#, "holders[1]"),
    },
    Ability {
        name: "section merged field by field",
        cases: &[
            case(
                r#"{"id": {"round_id": 1, "address": "a"}, "state": {"motherlode": 0.5, "expires_at": 9}}"#,
                r#"{"state": {"expires_at": 10}}"#,
                r#"{"id": {"round_id": 1, "address": "a"}, "state": {"motherlode": 0.5, "expires_at": 10}}"#,
            ),
            case(
                r#"{"id": {"round_id": 1, "address": "a"}, "state": {"motherlode": 0.5, "expires_at": 9}}"#,
                r#"{"id": {"address": null}, "state": {"motherlode": null}}"#,
                r#"{"id": {"round_id": 1, "address": null}, "state": {"motherlode": null, "expires_at": 9}}"#,
            ),
        ],
        wrong: (r#"{"state": {"expires_at": true}}"#, "state.expires_at"),
    },
    Ability {
        name: "optional section: null clears, a patch creates",
        cases: &[
            case(
                r#"{"id": 1, "results": {"square": 3, "miner": "ann"}}"#,
                r#"{"results": null}"#,
                r#"{"id": 1, "results": null}"#,
            ),
            case(
                r#"{"id": 1, "results": null}"#,
                r#"{"results": {"square": 3}}"#,
                r#"{"id": 1, "results": {"square": 3, "miner": null}}"#,
            ),
            case(
                r#"{"id": 1, "results": {"square": 3, "miner": "ann"}}"#,
                r#"{"results": {"square": 4}}"#,
                r#"{"id": 1, "results": {"square": 4, "miner": "ann"}}"#,
            ),
        ],
        wrong: (r#"{"results": {"square": true}}"#, "results.square"),
    },
    Ability {
        name: "integers as numbers or strings, at any depth",
        cases: &[
            case(
                r#"{"supply": 1, "delta": 0, "shares": [], "range": [0, 0]}"#,
                r#"{"supply": 2, "shares": [1, 2], "range": [1, -1]}"#,
                r#"{"supply": 2, "delta": 0, "shares": [1, 2], "range": [1, -1]}"#,
            ),
            Case {
                means: r#"{"supply": 18446744073709551615, "delta": -9007199254740993}"#,
                ..case(
                    r#"{"supply": 1, "delta": 0, "shares": [], "range": [0, 0]}"#,
                    r#"{"supply": "18446744073709551615", "delta": "-9007199254740993"}"#,
                    r#"{"supply": 18446744073709551615, "delta": -9007199254740993, "shares": [], "range": [0, 0]}"#,
                )
            },
            Case {
                means: r#"{"shares": [1, 9007199254740993], "range": [9007199254740993, -5]}"#,
                ..case(
                    r#"{"supply": 1, "delta": 0, "shares": [], "range": [0, 0]}"#,
                    r#"{"shares": [1, "9007199254740993"], "range": ["9007199254740993", -5]}"#,
                    r#"{"supply": 1, "delta": 0, "shares": [1, 9007199254740993], "range": [9007199254740993, -5]}"#,
                )
            },
        ],
        wrong: (r#"{"shares": [1, "2.5"]}"#, "shares[1]"),
    },
    Ability {
        name: "list replaced, or appended to if the message says so",
        cases: &[
            case(
                r#"{"winners": ["a"], "total": 1}"#,
                r#"{"winners": ["b"]}"#,
                r#"{"winners": ["b"], "total": 1}"#,
            ),
            Case {
                append: &["winners"],
                ..case(
                    r#"{"winners": ["a"], "total": 1}"#,
                    r#"{"winners": ["b"], "total": 2}"#,
                    r#"{"winners": ["a", "b"], "total": 2}"#,
                )
            },
        ],
        wrong: (r#"{"winners": ["a", 5]}"#, "winners[1]"),
    },
    Ability {
        name: "map of sections merged by key, null removes",
        cases: &[
            case(
                r#"{"miners": {"ann": {"score": 1, "alias": "A"}, "bob": {"score": 2, "alias": null}}}"#,
                r#"{"miners": {"ann": {"score": 5}}}"#,
                r#"{"miners": {"ann": {"score": 5, "alias": "A"}, "bob": {"score": 2, "alias": null}}}"#,
            ),
            case(
                r#"{"miners": {"ann": {"score": 1, "alias": "A"}, "bob": {"score": 2, "alias": null}}}"#,
                r#"{"miners": {"ann": null}}"#,
                r#"{"miners": {"bob": {"score": 2, "alias": null}}}"#,
            ),
            case(
                r#"{"miners": {"ann": {"score": 1, "alias": "A"}}}"#,
                r#"{"miners": {"cat": {"score": 3, "alias": "C"}}}"#,
                r#"{"miners": {"ann": {"score": 1, "alias": "A"}, "cat": {"score": 3, "alias": "C"}}}"#,
            ),
        ],
        wrong: (
            r#"{"miners": {"ann": {"score": true}}}"#,
            "miners.ann.score",
        ),
    },
    Ability {
        name: "enum with renamed variants and a catch-all",
        cases: &[
            case(
                r#"{"id": 1, "phase": "Open"}"#,
                r#"{"phase": "CLOSED"}"#,
                r#"{"id": 1, "phase": "CLOSED"}"#,
            ),
            case(
                r#"{"id": 1, "phase": "CLOSED"}"#,
                r#"{"phase": "PAUSED"}"#,
                r#"{"id": 1, "phase": "PAUSED"}"#,
            ),
        ],
        wrong: (r#"{"phase": 5}"#, "phase"),
    },
    Ability {
        name: "generic struct with a const parameter",
        cases: &[
            case(
                r#"{"cells": [1, 2, 3], "total": 6}"#,
                r#"{"cells": [4, 5, 6]}"#,
                r#"{"cells": [4, 5, 6], "total": 6}"#,
            ),
            case(
                r#"{"cells": [1, 2, 3], "total": 6}"#,
                r#"{"total": 7}"#,
                r#"{"cells": [1, 2, 3], "total": 7}"#,
            ),
        ],
        wrong: (r#"{"total": true}"#, "total"),
    },
    Ability {
        name: "deep nesting, and an error with its path",
        cases: &[case(
            r#"{"id": 1, "state": {"pool": {"bets": [1, 2], "fee": 0.5}, "open": true}}"#,
            r#"{"state": {"pool": {"bets": [3]}}}"#,
            r#"{"id": 1, "state": {"pool": {"bets": [3], "fee": 0.5}, "open": true}}"#,
        )],
        wrong: (
            r#"{"state": {"pool": {"bets": [1, 2, 3, "four"]}}}"#,
            "state.pool.bets[3]",
        ),
    },
];
