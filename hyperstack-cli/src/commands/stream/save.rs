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
    Plain(File),
    Gzip(Box<GzEncoder<File>>),
}

impl Save {
    /// Makes the file; one that is there is only overwritten by `force`.
    pub(super) fn create(path: &Path, force: bool) -> anyhow::Result<Self> {
        let mut options = OpenOptions::new();
        let options = match force {
            true => options.write(true).create(true).truncate(true),
            false => options.write(true).create_new(true),
        };
        let shown = path.display();
        let file = match options.open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                bail!("{shown} is there already: `--force` overwrites it")
            }
            Err(error) => return Err(error).with_context(|| format!("cannot write {shown}")),
        };
        let sink = match path.extension().is_some_and(|extension| extension == "gz") {
            true => Sink::Gzip(Box::new(GzEncoder::new(file, Compression::default()))),
            false => Sink::Plain(file),
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
            if let Some(Err(error)) = file.as_mut().map(|sink| sink.write(&entry)) {
                // Of more than one failure the first one is told.
                let _ = failure.try_send(error);
                *file = None;
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

    /// Ends the file. What is told later is not in it.
    pub(super) fn finish(mut self) -> anyhow::Result<()> {
        if let Ok(error) = self.failed.try_recv() {
            return Err(self.failure(error));
        }
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let finished = match file.take() {
            Some(Sink::Gzip(encoder)) => encoder.finish().map(drop),
            Some(Sink::Plain(_)) | None => Ok(()),
        };
        finished.map_err(|error| self.failure(error))
    }

    /// Takes the file away again, since there is nothing in it.
    pub(super) fn discard(self) {
        // It is empty, and the reason why is the error that counts.
        let _ = std::fs::remove_file(&self.path);
    }

    fn failure(&self, error: io::Error) -> anyhow::Error {
        anyhow::Error::new(error).context(format!("cannot write {}", self.path.display()))
    }
}

impl Sink {
    fn write(&mut self, entry: &Entry) -> io::Result<()> {
        let line = format!("{entry}\n");
        match self {
            Sink::Plain(file) => file.write_all(line.as_bytes()),
            Sink::Gzip(encoder) => {
                encoder.write_all(line.as_bytes())?;
                encoder.flush()
            }
        }
    }
}
