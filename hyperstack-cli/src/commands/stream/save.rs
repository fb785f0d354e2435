//! Writing a session down as it goes.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{bail, Context};
use flate2::write::GzEncoder;
use flate2::Compression;
use hyperstack_sdk::testing::Entry;
use tokio::sync::mpsc;

/// A recording that is being written.
pub(super) struct Save {
    path: PathBuf,
    file: Arc<Mutex<Option<Sink>>>,
    failed: mpsc::Receiver<io::Error>,
    failure: mpsc::Sender<io::Error>,
}

enum Sink {
    /// Nothing is written yet, and what the file had is still there.
    Untouched {
        file: File,
        created: bool,
        gzip: bool,
    },
    Plain(File),
    Gzip(Box<GzEncoder<File>>),
}

impl Save {
    /// Opens the file, or makes it; one that is there is only overwritten by `force`, and not before there is
    /// something to write.
    pub(super) fn create(path: &Path, force: bool) -> anyhow::Result<Self> {
        let mut options = OpenOptions::new();
        let made = options.write(true).create_new(true).open(path);
        let is_there = |error: &io::Error| error.kind() == ErrorKind::AlreadyExists;
        let (opened, created) = match made {
            Err(error) if is_there(&error) && force => {
                (options.create_new(false).open(path), false)
            }
            made => (made, true),
        };
        let shown = path.display();
        let file = match opened {
            Ok(file) => file,
            Err(error) if is_there(&error) => {
                bail!("{shown} is there already: `--force` overwrites it")
            }
            Err(error) => return Err(error).with_context(|| format!("cannot write {shown}")),
        };
        let sink = Sink::Untouched {
            file,
            created,
            gzip: path.extension().is_some_and(|extension| extension == "gz"),
        };
        let (failure, failed) = mpsc::channel(1);
        Ok(Save {
            path: path.to_owned(),
            file: Arc::new(Mutex::new(Some(sink))),
            failed,
            failure,
        })
    }

    /// What writes each message.
    pub(super) fn recorder(&self) -> impl Fn(Entry) + Send + Sync + 'static {
        let (file, failure) = (self.file.clone(), self.failure.clone());
        move |entry| {
            let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
            match file.take().map(|sink| sink.write(&entry)) {
                Some(Ok(sink)) => *file = Some(sink),
                // Of more than one failure the first one is told.
                Some(Err(error)) => drop(failure.try_send(error)),
                None => {}
            }
        }
    }

    /// Waits until writing fails.
    pub(super) async fn failed(&mut self) -> anyhow::Error {
        match self.failed.recv().await {
            Some(error) => self.failure(error),
            // There is a sender in `self`.
            None => std::future::pending().await,
        }
    }

    /// Ends the file. What is told later is not in it. One that was made for nothing is taken away again.
    pub(super) fn finish(mut self) -> anyhow::Result<()> {
        if let Ok(error) = self.failed.try_recv() {
            return Err(self.failure(error));
        }
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let finished = match file.take() {
            Some(Sink::Untouched { created: true, .. }) => std::fs::remove_file(&self.path),
            Some(Sink::Gzip(encoder)) => encoder.finish().map(drop),
            Some(Sink::Untouched { .. } | Sink::Plain(_)) | None => Ok(()),
        };
        finished.map_err(|error| self.failure(error))
    }

    fn failure(&self, error: io::Error) -> anyhow::Error {
        anyhow::Error::new(error).context(format!("cannot write {}", self.path.display()))
    }
}

impl Sink {
    fn write(self, entry: &Entry) -> io::Result<Self> {
        let line = format!("{entry}\n");
        match self {
            Sink::Untouched {
                file,
                created,
                gzip,
            } => {
                // A pipe or a device has nothing to be rid of.
                if !created && file.metadata()?.is_file() {
                    file.set_len(0)?;
                }
                let begun = match gzip {
                    true => Sink::Gzip(Box::new(GzEncoder::new(file, Compression::default()))),
                    false => Sink::Plain(file),
                };
                begun.write(entry)
            }
            Sink::Plain(mut file) => {
                file.write_all(line.as_bytes())?;
                Ok(Sink::Plain(file))
            }
            Sink::Gzip(mut encoder) => {
                encoder.write_all(line.as_bytes())?;
                encoder.flush()?;
                Ok(Sink::Gzip(encoder))
            }
        }
    }
}
