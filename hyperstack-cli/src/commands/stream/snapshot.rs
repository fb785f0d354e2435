//! Formats the rows of a snapshot as a table, or a single row as a list of its fields.

use std::sync::Arc;

use hyperstack_sdk::Value;

use super::cells::{cut, line, text, width, widths, Need};
use super::columns::{titles, Columns};
use super::path::{leaves, Path};

/// The rows as text, and a note about the columns that did not fit.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct SnapshotTable {
    pub(crate) text: String,
    pub(crate) note: Option<String>,
}

/// Formats rows for a terminal of this width. Without fields, all fields are shown as far as they fit.
pub(crate) fn snapshot_table(
    rows: &[(String, Arc<Value>)],
    fields: &[Path],
    width: usize,
) -> SnapshotTable {
    match rows {
        [(key, row)] => SnapshotTable {
            text: single(key, row, fields),
            note: None,
        },
        rows => several(rows, fields, width),
    }
}

/// Formats a row with one line per field, uncut.
fn single(key: &str, row: &Value, fields: &[Path]) -> String {
    let mut lines = vec![("key".to_owned(), line(key))];
    let is_shown = |path: &Path| fields.is_empty() || fields.iter().any(|field| path.is_in(field));
    let found = leaves(row).into_iter().filter(|(path, _)| is_shown(path));
    lines.extend(found.map(|(path, value)| (line(&path.to_string()), text(value))));
    let widest = lines.iter().map(|(name, _)| name.chars().count()).max();
    let widest = widest.unwrap_or_default();
    let lines = lines
        .iter()
        .map(|(name, value)| format!("{name:widest$}  {value}\n"));
    lines.collect()
}

fn several(rows: &[(String, Arc<Value>)], fields: &[Path], width: usize) -> SnapshotTable {
    let mut columns = Columns::new(fields.to_vec(), Vec::new());
    for (key, row) in rows {
        columns.observe(key, None, row);
    }
    columns.choose();
    let paths = columns.paths();
    let head = std::iter::once("key".to_owned()).chain(titles(paths));
    let mut lines = vec![head.collect::<Vec<_>>()];
    lines.extend(rows.iter().map(|(key, row)| {
        let cell = |path: &Path| path.find(row).map_or(String::new(), text);
        let cells = paths.iter().map(cell);
        std::iter::once(line(key)).chain(cells).collect()
    }));
    let numeric = paths.iter().map(|path| columns.is_numeric(path));
    let numeric: Vec<_> = std::iter::once(false).chain(numeric).collect();
    let mut needs = vec![Need::default(); numeric.len()];
    for (n, cells) in lines.iter().enumerate() {
        for ((need, cell), is_numeric) in needs.iter_mut().zip(cells).zip(&numeric) {
            // The first line has the titles.
            if *is_numeric && n > 0 {
                need.add_number(cell);
            } else {
                need.add_text(cell);
            }
        }
    }
    let widths = widths(&needs, width);
    columns.visible = widths.len().saturating_sub(1);
    let formatted = lines.into_iter().map(|cells| {
        let cells = cells.into_iter().zip(&widths).zip(&numeric);
        let cells: Vec<_> = cells
            .map(|((cell, width), is_numeric)| padded(cell, *width, *is_numeric))
            .collect();
        cells.join(" ").trim_end().to_owned() + "\n"
    });
    SnapshotTable {
        text: formatted.collect(),
        note: columns.hidden(),
    }
}

/// Cuts or pads a text to a width. Numbers are aligned right.
fn padded(text: String, to: usize, is_numeric: bool) -> String {
    let text = cut(text, to);
    let pad = " ".repeat(to.saturating_sub(width(&text)));
    if is_numeric {
        pad + &text
    } else {
        text + &pad
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn rows(values: &[Value]) -> Vec<(String, Arc<Value>)> {
        let rows = values.iter().enumerate();
        rows.map(|(n, row)| (format!("k{n}"), Arc::new(row.clone())))
            .collect()
    }

    #[test]
    fn several_rows_are_a_table() {
        let rows = rows(&[
            json!({"_seq": "1:2", "id": {"n": 7}, "name": "日本"}),
            json!({"id": {"n": 18_446_744_073_709_551_615_u64}, "name": "Ada\nB"}),
        ]);
        let table = snapshot_table(&rows, &[], 80);
        assert_eq!(
            table.text,
            "key                    n name\nk0                     7 日本\nk1  18446744073709551615 Ada B\n"
        );
        assert_eq!(table.note, None);
        let narrow = snapshot_table(&rows, &[], 25);
        assert_eq!(
            narrow.text,
            "key                    n\nk0                     7\nk1  18446744073709551615\n"
        );
        assert_eq!(narrow.note.as_deref(), Some("+1 field, --fields name,…"));
    }

    #[test]
    fn one_row_is_a_list_of_its_fields() {
        let row = json!({"_seq": "1:2", "id": {"n": 7, "address": "x".repeat(99)}, "none": null});
        let rows = rows(&[row]);
        let address = "x".repeat(99);
        assert_eq!(
            snapshot_table(&rows, &[], 20).text,
            format!("key         k0\nid.address  {address}\nid.n        7\nnone        null\n")
        );
        let fields = ["none", "id.n"].map(|path| path.parse().unwrap());
        let text = snapshot_table(&rows, &fields, 20).text;
        assert_eq!(text, "key   k0\nid.n  7\nnone  null\n");
    }
}
