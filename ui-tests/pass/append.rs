//! The maximum length of a list can be any constant expression of type `usize`.

use crate::value;
use hyperstack_sdk::Section;

const MOST: usize = 2;

#[derive(Clone, Debug, PartialEq, Section)]
struct Log<const N: usize> {
    #[field(append(max = MOST))]
    named: Vec<u64>,
    #[field(append(max = MOST + 1))]
    sum: Option<Vec<u64>>,
    #[field(append(max = N))]
    parameter: Vec<u64>,
}

#[test]
fn lists_keep_the_newest() {
    let json = r#"{"named": [1, 2, 3, 4], "sum": [1, 2, 3, 4], "parameter": [1, 2, 3, 4]}"#;
    let log: Log<1> = value(json);
    assert_eq!((log.named, log.sum), (vec![3, 4], Some(vec![2, 3, 4])));
    assert_eq!(log.parameter, [4]);
}
