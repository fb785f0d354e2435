//! Formats cells of the table, and computes the widths of its columns.

use hyperstack_sdk::Value;
use ratatui::text::Span;

use crate::commands::printable;

/// The maximum width of a column while other columns need space.
const WIDEST: usize = 28;
/// The width below which a column is left out instead of cut.
const NARROWEST: usize = 12;
/// The maximum number of lines of a note.
const LINES: usize = 3;

/// Formats a value as one line.
pub(super) fn text(value: &Value) -> String {
    match value {
        Value::String(text) => line(text),
        value => line(&value.to_string()),
    }
}

/// Formats text as one line.
pub(super) fn line(text: &str) -> String {
    printable(text).replace('\n', " ")
}

fn width(text: &str) -> usize {
    Span::raw(text).width()
}

/// Cuts a line to `max` columns, with `…` at the end if it was longer.
pub(super) fn cut(text: String, max: usize) -> String {
    if width(&text) <= max {
        return text;
    }
    let mut left = max.saturating_sub(1);
    let fits = |c: &char| match left.checked_sub(width(c.encode_utf8(&mut [0; 4]))) {
        Some(less) => {
            left = less;
            true
        }
        None => false,
    };
    let cut: String = text.chars().take_while(fits).collect();
    cut + "…"
}

/// Wraps a text into at most [`LINES`] lines of at most `max` columns.
pub(super) fn wrapped(text: &str, max: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ') {
        let is_last = lines.len() == LINES;
        match lines.last_mut() {
            Some(line) if is_last || width(line) + 1 + width(word) <= max => {
                *line += " ";
                *line += word;
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines.into_iter().map(|line| cut(line, max)).collect()
}

/// Raises the wanted width of each column to that of its longest text.
pub(super) fn widen(wanted: &mut Vec<usize>, texts: &[Vec<String>]) {
    for cells in texts {
        wanted.resize(wanted.len().max(cells.len()), 1);
        for (wanted, cell) in wanted.iter_mut().zip(cells) {
            *wanted = width(cell).max(*wanted);
        }
    }
}

/// Returns the widths of the columns that fit into `total`, with a space between them. Columns that are cut get
/// the remaining space, and the last column gets the rest.
pub(super) fn widths(wanted: &[usize], total: usize) -> Vec<usize> {
    let mut left = total;
    let mut widths = Vec::new();
    for wanted in wanted {
        let gap = usize::from(!widths.is_empty());
        let (most, wanted) = (left.saturating_sub(gap), WIDEST.min(*wanted));
        if !widths.is_empty() && most < wanted.min(NARROWEST) {
            break;
        }
        let width = wanted.min(most);
        left -= (gap + width).min(left);
        widths.push(width);
    }
    for (width, wanted) in widths.iter_mut().zip(wanted) {
        let more = wanted.saturating_sub(*width).min(left);
        *width += more;
        left -= more;
    }
    if let Some(last) = widths.last_mut() {
        *last += left;
    }
    widths
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cut_text_ends_in_an_ellipsis() {
        let cut = |text: &str, max| cut(text.to_owned(), max);
        assert_eq!(cut("abc", 3), "abc");
        assert_eq!(cut("abcd", 3), "ab…");
        assert_eq!(cut("日本語", 5), "日本…");
        assert_eq!(cut("日本語", 4), "日…");
        assert_eq!(cut("abc", 1), "…");
    }

    #[test]
    fn a_text_wraps_into_at_most_three_lines() {
        assert_eq!(wrapped("one two three", 7), ["one two", "three"]);
        assert_eq!(wrapped("one two three", 4), ["one", "two", "thr…"]);
        assert_eq!(wrapped("a b c d e", 1), ["a", "b", "…"]);
        assert_eq!(wrapped("", 5), [""]);
    }

    #[test]
    fn the_columns_fill_the_width() {
        assert_eq!(widths(&[3, 5], 20), [3, 16]);
        // An address is shown in full if it fits. A longer column gets the rest.
        assert_eq!(widths(&[44, 5, 90], 100), [44, 5, 49]);
        assert_eq!(widths(&[44, 5, 5], 60), [44, 5, 9]);
        assert_eq!(widths(&[44, 5, 5, 5], 45), [33, 5, 5]);
        assert_eq!(widths(&[44, 20, 5], 48), [28, 19]);
        assert_eq!(widths(&[44, 20, 5], 40), [40]);
        assert_eq!(widths(&[44], 9), [9]);
        assert_eq!(widths(&[], 9), [0; 0]);
    }

    #[test]
    fn a_column_does_not_shrink() {
        let texts = |texts: [&str; 2]| [texts.map(str::to_owned).to_vec()];
        let mut wanted = Vec::new();
        widen(&mut wanted, &texts(["abc", ""]));
        assert_eq!(wanted, [3, 1]);
        widen(&mut wanted, &texts(["a", "日"]));
        assert_eq!(wanted, [3, 2]);
    }
}
