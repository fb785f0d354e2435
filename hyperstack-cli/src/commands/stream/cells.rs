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

/// Returns the number of columns that a text takes.
pub(super) fn width(text: &str) -> usize {
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

/// What a column needs. A column never shrinks while it is shown, so that the table stands still.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Need {
    /// The width of the longest text.
    full: usize,
    /// The width of the longest number. A number is never cut, because it would look like another one.
    number: usize,
}

impl Need {
    /// Widens the column for a title, or for a value that can be cut.
    pub(super) fn add_text(&mut self, text: &str) {
        self.full = self.full.max(width(text));
    }

    /// Widens the column for a number.
    pub(super) fn add_number(&mut self, text: &str) {
        self.add_text(text);
        self.number = self.number.max(width(text));
    }

    /// Returns the width that the column gets while other columns need space.
    fn wanted(self) -> usize {
        self.full.min(WIDEST).max(self.number)
    }

    /// Returns the width below which the column is left out.
    fn least(self) -> usize {
        self.wanted().min(NARROWEST.max(self.number))
    }
}

/// Returns the widths of the columns that fit into `total`, with a space between them. Columns that are cut get
/// the remaining space.
pub(super) fn widths(needs: &[Need], total: usize) -> Vec<usize> {
    let mut left = total;
    let mut widths = Vec::new();
    for need in needs {
        let gap = usize::from(!widths.is_empty());
        let most = left.saturating_sub(gap);
        if !widths.is_empty() && most < need.least() {
            break;
        }
        let width = need.wanted().min(most);
        left -= (gap + width).min(left);
        widths.push(width);
    }
    for (width, need) in widths.iter_mut().zip(needs) {
        let more = need.full.saturating_sub(*width).min(left);
        *width += more;
        left -= more;
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

    fn text(width: usize) -> Need {
        let mut need = Need::default();
        need.add_text(&"x".repeat(width));
        need
    }

    fn number(width: usize) -> Need {
        let mut need = Need::default();
        need.add_number(&"1".repeat(width));
        need
    }

    #[test]
    fn the_columns_share_the_width() {
        let widths = |needs: &[usize], total| {
            let needs: Vec<_> = needs.iter().map(|width| text(*width)).collect();
            widths(&needs, total)
        };
        assert_eq!(widths(&[3, 5], 20), [3, 5]);
        // An address is shown in full if it fits. A longer column gets the rest.
        assert_eq!(widths(&[44, 5, 90], 100), [44, 5, 49]);
        assert_eq!(widths(&[44, 5, 5], 60), [44, 5, 5]);
        assert_eq!(widths(&[44, 5, 5, 5], 45), [33, 5, 5]);
        assert_eq!(widths(&[44, 20, 5], 48), [28, 19]);
        assert_eq!(widths(&[44, 20, 5], 40), [40]);
        assert_eq!(widths(&[44], 9), [9]);
        assert_eq!(widths(&[], 9), [0; 0]);
    }

    #[test]
    fn a_number_is_never_cut() {
        assert_eq!(widths(&[text(44), number(20)], 49), [28, 20]);
        assert_eq!(widths(&[text(44), number(20), text(5)], 48), [44]);
        assert_eq!(widths(&[text(5), number(39)], 80), [5, 39]);
        // Its title can be.
        let mut titled = number(3);
        titled.add_text("a_long_title_of_a_column");
        assert_eq!(widths(&[text(30), titled], 43), [28, 14]);
    }

    #[test]
    fn a_column_does_not_shrink() {
        let mut need = text(3);
        need.add_text("日");
        assert_eq!(need, text(3));
        need.add_number("12345");
        assert_eq!(need, number(5));
    }
}
