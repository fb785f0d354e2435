//! Writes doc comments: wraps lines, and escapes text that rustdoc would take for markup.

use super::item::WIDTH;

/// Writes a paragraph. The text may come from the stack file, so it must not be able to end the comment.
pub(super) fn paragraph(out: &mut String, start: &str, text: &str) {
    wrapped(out, start, "", text);
}

/// Writes a list item.
pub(super) fn item(out: &mut String, start: &str, text: &str) {
    wrapped(out, start, " -", text);
}

/// Writes a paragraph after a bullet, with the following lines indented.
fn wrapped(out: &mut String, start: &str, bullet: &str, text: &str) {
    let hang = " ".repeat(bullet.len());
    let mut line = format!("{start}{bullet}");
    let mut empty = true;
    // rustc denies invisible characters in comments that change the direction of text.
    let text = text.replace(
        |c| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'),
        "",
    );
    for word in text.split_whitespace() {
        let full = line.chars().count() + 1 + word.chars().count() > WIDTH;
        if full && !empty && !is_marker(word) {
            out.push_str(&line);
            out.push('\n');
            line = format!("{start} {hang}{word}");
        } else {
            line.push(' ');
            line.push_str(word);
        }
        empty = false;
    }
    out.push_str(&line);
    out.push('\n');
}

/// Returns whether a word is markup at the start of a line, such as that of a list or heading.
fn is_marker(word: &str) -> bool {
    let end = word.trim_start_matches(|c: char| c.is_ascii_digit());
    let listed = matches!(end, "." | ")") || word.chars().all(|c| "-+*=>#".contains(c));
    listed || word.starts_with("~~~")
}

/// Escapes markup in foreign text, but keeps code spans.
pub(super) fn plain(text: &str) -> String {
    // All text becomes one line, so a code block becomes a code span.
    let text = &text.replace("```", "`");
    let balanced = text.matches('`').count() % 2 == 0;
    let mut plain = String::new();
    for (i, part) in text.split('`').enumerate() {
        let code = balanced && i % 2 == 1;
        if i > 0 {
            plain.push_str(if balanced { "`" } else { "\\`" });
        }
        let mut before = ' ';
        for (at, c) in part.char_indices() {
            let after = part[at + c.len_utf8()..].chars().next();
            let inside = before.is_alphanumeric() && after.is_some_and(char::is_alphanumeric);
            let markup = matches!(c, '[' | ']' | '<' | '>' | '*' | '\\' | '#' | '|');
            if !code && (markup || c == '_' && !inside) {
                plain.push('\\');
            }
            plain.push(c);
            before = c;
        }
    }
    let links = plain
        .split_whitespace()
        .map(|word| match word.contains("://") {
            true if !word.contains('`') => format!("`{}`", word.replace('\\', "")),
            _ => word.to_owned(),
        });
    let plain = links.collect::<Vec<_>>().join(" ");
    match plain.split_once(' ') {
        Some((first, rest)) if is_marker(first) => {
            let (before, mark) = first.split_at(first.len() - 1);
            format!("{before}\\{mark} {rest}")
        }
        _ => plain,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_in_foreign_text_is_escaped() {
        assert_eq!(plain("seeds: [a], <T>"), r"seeds: \[a\], \<T\>");
        assert_eq!(plain("`[u8; 3]` of\n\tit"), "`[u8; 3]` of it");
        assert_eq!(plain("a ` alone"), r"a \` alone");
        assert_eq!(plain("a_b _c_"), r"a_b \_c\_");
        assert_eq!(plain("- a - b"), r"\- a - b");
        assert_eq!(plain("1. a"), r"1\. a");
        assert_eq!(plain("```rust\nlet\n```"), "`rust let `");
        assert_eq!(plain("see https://a.b/c_d"), "see `https://a.b/c_d`");
    }

    #[test]
    fn lines_are_wrapped() {
        let mut out = String::new();
        item(&mut out, "    ///", &"word ".repeat(30));
        assert!(out.lines().all(|line| line.len() <= WIDTH));
        assert!(out
            .lines()
            .nth(1)
            .is_some_and(|line| line.starts_with("    ///   word")));
        assert!(out.ends_with('\n') && !out.contains(" \n"));
    }

    #[test]
    fn a_long_word_stays_beside_its_bullet() {
        let mut out = String::new();
        item(&mut out, "///", &"x".repeat(200));
        assert_eq!(out.lines().count(), 1);
    }

    #[test]
    fn wrapping_never_starts_a_list() {
        let mut out = String::new();
        paragraph(&mut out, "///", &"a - 2. b ".repeat(30));
        let begins = |line: &str| line.starts_with("/// -") || line.starts_with("/// 2.");
        assert!(out.lines().count() > 1 && !out.lines().any(begins), "{out}");
    }
}
