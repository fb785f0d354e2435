//! Recorded sessions: one JSON object per line, as they went over the wire.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;

use flate2::bufread::MultiGzDecoder;
use serde_json::{json, Value};

use super::error::{LineProblem, RecordingError};
use crate::wire::{member, Entry, Kind, Protocol, Side};

/// A recorded session with a server: every message in both directions, with its time.
///
/// A file may also have lines with `"from":"meta"`. Those of kind `truth` have the rows that a fresh
/// subscription got at the end; [`truth`](Self::truth) returns them. Other kinds, which mark where a
/// connection opened or closed, are skipped.
///
/// ```
/// use hyperstack_sdk::testing::Recording;
///
/// let recording = Recording::parse(concat!(
///     r#"{"ms":0,"from":"client","kind":"text","gzip":false,"text":"{\"view\":\"Round/list\"}"}"#,
///     "\n",
///     r#"{"ms":5,"from":"server","kind":"binary","gzip":false,"text":"{\"op\":\"subscribed\",\"view\":\"Round/list\",\"mode\":\"list\"}"}"#,
/// ))?;
/// assert_eq!(recording.views(), ["Round/list"]);
/// # Ok::<(), hyperstack_sdk::testing::RecordingError>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Recording {
    entries: Vec<Entry>,
    truth: Vec<Truth>,
}

/// The rows that a fresh subscription got at the end of a [`Recording`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Truth {
    /// The id of the recorded subscription that should end up with these rows.
    pub subscription_id: String,
    /// The query of the fresh subscription: the recorded query without its snapshot limit and cursor.
    pub query: Value,
    /// The keys and rows, in the server's order.
    pub rows: Vec<(String, Value)>,
}

/// A parsed line of a recording.
enum Line {
    Message(Entry),
    Truth(Truth),
    Skipped,
}

impl Recording {
    /// Reads a file, gzip-compressed (`.jsonl.gz`) or not. The content decides which, not the name.
    ///
    /// # Errors
    ///
    /// Returns an error if the file cannot be read, or if a line is invalid. A truncated end is handled as in
    /// [`from_reader`](Self::from_reader).
    pub fn open(path: impl AsRef<Path>) -> Result<Self, RecordingError> {
        Self::from_reader(File::open(path)?)
    }

    /// Reads a stream, gzip-compressed or not. If the stream was cut off, the complete messages are returned.
    ///
    /// # Errors
    ///
    /// Returns an error if reading fails, if a line is invalid, or if the stream is cut off within its first
    /// message.
    pub fn from_reader(reader: impl Read) -> Result<Self, RecordingError> {
        let mut reader = BufReader::new(reader);
        if reader.fill_buf()?.starts_with(&[0x1f, 0x8b]) {
            Self::from_lines(BufReader::new(MultiGzDecoder::new(reader)))
        } else {
            Self::from_lines(reader)
        }
    }

    /// Parses the lines of a recording. Empty lines are skipped, and so is a truncated last line.
    ///
    /// # Errors
    ///
    /// Returns an error if a line is invalid, or if the only message is truncated.
    pub fn parse(text: &str) -> Result<Self, RecordingError> {
        Self::from_lines(text.as_bytes())
    }

    fn from_lines(mut reader: impl BufRead) -> Result<Self, RecordingError> {
        let mut recording = Self::default();
        for line in 1.. {
            let mut bytes = Vec::new();
            let read = match reader.read_until(b'\n', &mut bytes) {
                Ok(0) => break,
                Ok(_) => Line::read(&bytes),
                Err(error) => Err(LineProblem::Unreadable(error)),
            };
            let is_empty = recording.entries.is_empty();
            match read {
                Ok(Line::Message(entry)) => recording.entries.push(entry),
                Ok(Line::Truth(truth)) => recording.truth.push(truth),
                Ok(Line::Skipped) => {}
                Err(problem) if !is_empty && problem.is_early_end(&bytes) => break,
                Err(problem) => return Err(RecordingError::Line { line, problem }),
            }
        }
        Ok(recording)
    }

    /// Writes the messages and then the truth, one line each, uncompressed.
    ///
    /// # Errors
    ///
    /// Returns an error if writing fails.
    pub fn write(&self, mut writer: impl Write) -> Result<(), RecordingError> {
        for entry in &self.entries {
            writeln!(writer, "{entry}")?;
        }
        let ms = self.entries.last().map_or(0, |entry| entry.ms);
        for truth in &self.truth {
            let text = Value::from(truth.to_json().to_string());
            writeln!(
                writer,
                r#"{{"ms":{ms},"from":"meta","kind":"truth","gzip":false,"text":{text}}}"#
            )?;
        }
        Ok(writer.flush()?)
    }

    /// Returns the messages in recorded order.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Returns the messages in recorded order.
    pub fn iter(&self) -> std::slice::Iter<'_, Entry> {
        self.entries.iter()
    }

    /// Returns the rows that fresh subscriptions got at the end, if they were recorded.
    pub fn truth(&self) -> &[Truth] {
        &self.truth
    }

    /// Returns the generation that the server spoke, or [`Protocol::Auto`] if no message shows it.
    pub fn protocol(&self) -> Protocol {
        let messages = self.entries.iter().filter(|it| it.from == Side::Server);
        let mut protocols = messages.filter_map(|entry| {
            // Both generations answer a token refresh in the same way.
            let has_member = |name| member(&entry.text, name).is_some();
            if has_member("protocolVersion") {
                Some(Protocol::V2)
            } else if has_member("op") {
                Some(Protocol::V1)
            } else {
                None
            }
        });
        protocols.next().unwrap_or_default()
    }

    /// Appends a message.
    pub fn push(&mut self, entry: Entry) {
        self.entries.push(entry);
    }

    /// Returns the views that the server confirmed, each once, in the order of their first confirmation.
    pub fn views(&self) -> Vec<String> {
        let mut views = Vec::new();
        for entry in &self.entries {
            // This check is cheap, and leaves few messages to parse.
            if entry.from != Side::Server || !entry.text.contains("\"subscribed\"") {
                continue;
            }
            let Ok(message) = serde_json::from_str::<Value>(&entry.text) else {
                continue;
            };
            let view = message["view"].as_str();
            let view = view.or_else(|| message["query"]["view"].as_str());
            if let (Some("subscribed"), Some(view)) = (message["op"].as_str(), view) {
                if !views.iter().any(|known| known == view) {
                    views.push(view.to_owned());
                }
            }
        }
        views
    }
}

impl Line {
    fn read(line: &[u8]) -> Result<Self, LineProblem> {
        let line = std::str::from_utf8(line).map_err(LineProblem::of_text)?;
        if line.trim().is_empty() {
            Ok(Self::Skipped)
        } else {
            Self::parse(line.trim())
        }
    }

    fn parse(line: &str) -> Result<Self, LineProblem> {
        let line: Value = serde_json::from_str(line).map_err(LineProblem::Json)?;
        let field = |field, expected| {
            let found = line
                .get(field)
                .map_or("nothing".to_owned(), Value::to_string);
            move || LineProblem::Field {
                field,
                expected,
                found,
            }
        };
        let ms = line["ms"].as_u64();
        let ms = ms.ok_or_else(field("ms", "milliseconds"))?;
        let from = match line["from"].as_str() {
            Some("client") => Side::Client,
            Some("server") => Side::Server,
            Some("meta") if line["kind"] == "truth" => {
                let truth = line["text"].as_str().and_then(Truth::parse);
                let truth = truth.ok_or_else(field("text", "the rows of a subscription"))?;
                return Ok(Self::Truth(truth));
            }
            Some("meta") => return Ok(Self::Skipped),
            _ => return Err(field("from", "`client` or `server`")()),
        };
        let kind = match line["kind"].as_str() {
            Some("text") => Kind::Text,
            Some("binary") => Kind::Binary,
            _ => return Err(field("kind", "`text` or `binary`")()),
        };
        let gzip = line["gzip"].as_bool();
        let text = line["text"].as_str();
        Ok(Self::Message(Entry {
            ms,
            from,
            kind,
            gzip: gzip.ok_or_else(field("gzip", "true or false"))?,
            text: text.ok_or_else(field("text", "the payload"))?.to_owned(),
        }))
    }
}

impl Truth {
    fn parse(text: &str) -> Option<Self> {
        let mut truth: Value = serde_json::from_str(text).ok()?;
        let row = |row: &Value| Some((row["key"].as_str()?.to_owned(), row["data"].clone()));
        Some(Self {
            subscription_id: truth["subscriptionId"].as_str()?.to_owned(),
            rows: truth["rows"]
                .as_array()?
                .iter()
                .map(row)
                .collect::<Option<_>>()?,
            query: truth["query"].take(),
        })
    }

    fn to_json(&self) -> Value {
        let rows = self.rows.iter();
        let rows: Vec<_> = rows
            .map(|(key, data)| json!({"key": key, "data": data}))
            .collect();
        json!({"subscriptionId": self.subscription_id, "query": self.query, "rows": rows})
    }
}

impl FromIterator<Entry> for Recording {
    fn from_iter<I: IntoIterator<Item = Entry>>(entries: I) -> Self {
        Self {
            entries: entries.into_iter().collect(),
            truth: Vec::new(),
        }
    }
}

impl Extend<Entry> for Recording {
    fn extend<I: IntoIterator<Item = Entry>>(&mut self, entries: I) {
        self.entries.extend(entries);
    }
}

impl IntoIterator for Recording {
    type Item = Entry;
    type IntoIter = std::vec::IntoIter<Entry>;

    fn into_iter(self) -> Self::IntoIter {
        self.entries.into_iter()
    }
}

impl<'r> IntoIterator for &'r Recording {
    type Item = &'r Entry;
    type IntoIter = std::slice::Iter<'r, Entry>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::{write::GzEncoder, Compression};

    fn sample() -> Recording {
        [("Round/list", 1), ("Round/latest", 2), ("Round/list", 3)]
            .map(|(view, ms)| Entry {
                ms,
                from: Side::Server,
                kind: Kind::Binary,
                gzip: ms == 2,
                text: format!(r#"{{"op":"subscribed","view":"{view}","mode":"list"}}"#),
            })
            .into_iter()
            .collect()
    }

    #[test]
    fn a_recording_round_trips_compressed_or_not() {
        let mut plain = Vec::new();
        sample().write(&mut plain).unwrap();
        assert_eq!(Recording::from_reader(&plain[..]).unwrap(), sample());

        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(&plain).unwrap();
        let zipped = encoder.finish().unwrap();
        assert_eq!(Recording::from_reader(&zipped[..]).unwrap(), sample());

        let cut = Recording::from_reader(&zipped[..zipped.len() / 4]).unwrap_err();
        assert!(cut.to_string().starts_with("line "), "{cut}");
    }

    #[test]
    fn a_truncated_compressed_file_keeps_its_complete_messages() {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        let mut written = Vec::new();
        for entry in &sample() {
            writeln!(encoder, "{entry}").unwrap();
            encoder.flush().unwrap();
            written.push(encoder.get_ref().len());
        }
        let zipped = encoder.finish().unwrap();
        for end in 0..zipped.len() {
            let read = Recording::from_reader(&zipped[..end]);
            let whole = written.iter().filter(|written| **written <= end).count();
            match read {
                Ok(read) => {
                    let entries = read.entries();
                    assert!(entries.len() >= whole && sample().entries().starts_with(entries));
                }
                Err(_) => assert_eq!(whole, 0),
            }
        }
    }

    #[test]
    fn a_truncated_last_line_is_skipped() {
        let lines = sample().into_iter().map(|entry| {
            let text = entry.text.replace("list", "liste é");
            format!("{}\n", Entry { text, ..entry })
        });
        let lines: Vec<_> = lines.collect();
        let (all, first) = (lines.concat(), lines[0].len());
        for end in 0..=all.len() {
            let read = Recording::from_reader(&all.as_bytes()[..end]);
            // A line is whole without its line break, too.
            let whole = (1..=3).filter(|n| lines[..*n].concat().len() - 1 <= end);
            match read {
                Ok(read) => assert_eq!(read.entries().len(), whole.count(), "{end}"),
                Err(_) => assert!(0 < end && end < first - 1, "{end}"),
            }
        }
        // A complete last line that is invalid is an error, and so is an invalid line before others.
        for wrong in ["nonsense", "{}", "{\"ms\":\n", "{\"ms\":\n\n", "\u{7f}"] {
            let error = Recording::parse(&format!("{}{wrong}", lines[0])).unwrap_err();
            assert!(error.to_string().starts_with("line 2 "), "{error}");
        }
        let no_text = [lines[0].as_bytes(), b"\xff"].concat();
        let error = Recording::from_reader(&no_text[..]).unwrap_err();
        assert!(error.to_string().starts_with("line 2 "), "{error}");
    }

    #[test]
    fn views_lists_each_view_once() {
        assert_eq!(sample().views(), ["Round/list", "Round/latest"]);
    }

    #[test]
    fn truth_lines_round_trip_and_connection_marks_are_skipped() {
        let text = concat!(
            r#"{"ms":0,"from":"meta","kind":"open","gzip":false,"text":"1"}"#,
            "\n",
            r#"{"ms":1,"from":"server","kind":"text","gzip":false,"text":"{\"success\":true}"}"#,
            "\n",
            r#"{"ms":2,"from":"server","kind":"binary","gzip":false,"text":"{\"protocolVersion\":2,\"subscriptionId\":\"l\",\"op\":\"subscribed\",\"query\":{\"view\":\"Round/list\"}}"}"#,
            "\n",
            r#"{"ms":9,"from":"meta","kind":"truth","gzip":false,"text":"{\"subscriptionId\":\"l\",\"query\":{\"view\":\"Round/list\"},\"rows\":[{\"key\":\"1\",\"data\":{\"n\":1}}]}"}"#,
        );
        let recording = Recording::parse(text).unwrap();
        assert_eq!(recording.entries().len(), 2);
        assert_eq!(recording.views(), ["Round/list"]);
        assert_eq!(recording.protocol(), Protocol::V2);
        assert_eq!(
            recording.truth(),
            [Truth {
                subscription_id: "l".to_owned(),
                query: json!({"view": "Round/list"}),
                rows: vec![("1".to_owned(), json!({"n": 1}))],
            }]
        );
        let mut written = Vec::new();
        recording.write(&mut written).unwrap();
        assert_eq!(Recording::from_reader(&written[..]).unwrap(), recording);
    }

    #[test]
    fn the_first_message_that_shows_a_generation_decides_the_protocol() {
        assert_eq!(Recording::default().protocol(), Protocol::Auto);
        assert_eq!(sample().protocol(), Protocol::V1);
    }

    #[test]
    fn an_error_names_the_line_and_the_field() {
        let line = sample().entries()[0].to_string();
        let error = |text: &str| Recording::parse(text).unwrap_err().to_string();
        assert_eq!(
            error(&format!("{line}\n\n{}", line.replace("server", "proxy"))),
            "line 3 of the recording: `from` should be `client` or `server`, found \"proxy\""
        );
        assert_eq!(
            error(r#"{"ms":-1}"#),
            "line 1 of the recording: `ms` should be milliseconds, found -1"
        );
        assert!(error("nonsense").starts_with("line 1 of the recording: expected"));
    }
}
