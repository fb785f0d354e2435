//! Texts of a table, and the room that they get.

use hyperstack_sdk::Value;
use ratatui::text::Span;

use crate::commands::printable;

/// The widest that a column gets where others want room, and the narrowest that is worth it.
const WIDEST: usize = 28;
const NARROWEST: usize = 12;
/// How many lines a text gets at most.
const LINES: usize = 3;

/// A value as one line.
pub(super) fn text(value: &Value) -> String {
    match value {
        Value::String(text) => line(text),
        value => line(&value.to_string()),
    }
}

/// A text as one line.
pub(super) fn line(text: &str) -> String {
    printable(text).replace('\n', " ")
}

fn width(text: &str) -> usize {
    Span::raw(text).width()
}

/// So much of a line as there is room for, with a sign where that is not all.
pub(super) fn cut(text: String, room: usize) -> String {
    if width(&text) <= room {
        return text;
    }
    let mut left = room.saturating_sub(1);
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

/// A line as some, at most [`LINES`], none longer than there is room for.
pub(super) fn wrapped(text: &str, room: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ') {
        let is_last = lines.len() == LINES;
        match lines.last_mut() {
            Some(line) if is_last || width(line) + 1 + width(word) <= room => {
                *line += " ";
                *line += word;
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines.into_iter().map(|line| cut(line, room)).collect()
}

/// What each column wants to be whole, and no less than it wanted before.
pub(super) fn widen(wanted: &mut Vec<usize>, texts: &[Vec<String>]) {
    for cells in texts {
        wanted.resize(wanted.len().max(cells.len()), 1);
        for (wanted, cell) in wanted.iter_mut().zip(cells) {
            *wanted = width(cell).max(*wanted);
        }
    }
}

/// The widths of the columns that fit, a space between them. Those that are cut get what is left over, and the
/// last one the rest.
pub(super) fn widths(wanted: &[usize], room: usize) -> Vec<usize> {
    let mut left = room;
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
    fn what_is_cut_says_so() {
        let cut = |text: &str, room| cut(text.to_owned(), room);
        assert_eq!(cut("abc", 3), "abc");
        assert_eq!(cut("abcd", 3), "ab…");
        assert_eq!(cut("日本語", 5), "日本…");
        assert_eq!(cut("日本語", 4), "日…");
        assert_eq!(cut("abc", 1), "…");
    }

    #[test]
    fn a_text_gets_some_lines() {
        assert_eq!(wrapped("one two three", 7), ["one two", "three"]);
        assert_eq!(wrapped("one two three", 4), ["one", "two", "thr…"]);
        assert_eq!(wrapped("a b c d e", 1), ["a", "b", "…"]);
        assert_eq!(wrapped("", 5), [""]);
    }

    #[test]
    fn no_room_is_left_over() {
        assert_eq!(widths(&[3, 5], 20), [3, 16]);
        // An address is whole where there is room, and what is long gets the rest.
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
