//! Records a session to a file.

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
    /// Nothing is written yet, and the file still has its old content.
    Untouched {
        file: File,
        created: bool,
        gzip: bool,
    },
    Plain(File),
    Gzip(Box<GzEncoder<File>>),
}

impl Save {
    /// Creates the file. With `force`, opens an existing file, which is overwritten by the first entry.
    ///
    /// # Errors
    /// If the file exists and `force` is not set, or if it cannot be created or opened.
    pub(super) fn create(path: &Path, force: bool) -> anyhow::Result<Self> {
        let mut options = OpenOptions::new();
        let new = options.write(true).create_new(true).open(path);
        let exists = |error: &io::Error| error.kind() == ErrorKind::AlreadyExists;
        let (opened, created) = match new {
            Err(error) if exists(&error) && force => (options.create_new(false).open(path), false),
            new => (new, true),
        };
        let shown = path.display();
        let file = match opened {
            Ok(file) => file,
            Err(error) if exists(&error) => {
                bail!("{shown} already exists: pass `--force` to overwrite it")
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

    /// Returns the function that writes each message.
    pub(super) fn recorder(&self) -> impl Fn(Entry) + Send + Sync + 'static {
        let (file, failure) = (self.file.clone(), self.failure.clone());
        move |entry| {
            let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
            match file.take().map(|sink| sink.write(&entry)) {
                Some(Ok(sink)) => *file = Some(sink),
                // The channel holds one error, so only the first is reported.
                Some(Err(error)) => drop(failure.try_send(error)),
                None => {}
            }
        }
    }

    /// Waits until writing fails.
    pub(super) async fn failed(&mut self) -> anyhow::Error {
        match self.failed.recv().await {
            Some(error) => self.failure(error),
            // Unreachable: `self` holds a sender.
            None => std::future::pending().await,
        }
    }

    /// Finishes the file and drops later messages. Removes a file that was created and never written.
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
                // A pipe or device cannot be truncated.
                if !created && file.metadata()?.is_file() {
                    file.set_len(0)?;
                }
                let sink = if gzip {
                    Sink::Gzip(Box::new(GzEncoder::new(file, Compression::default())))
                } else {
                    Sink::Plain(file)
                };
                sink.write(entry)
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
