//! The published client of v2: `arete-a4-sdk` 0.51.2.

use super::entity::Generated;
use crate::contender::{spawn, Client, Generation};
use crate::entity::Shaped;
use crate::meter::{Reader, Seen};
use crate::view::Part;
use crate::Result;
use arete_a4_sdk::{Stack, StateView, Update, ViewBuilder, Views};
use std::marker::PhantomData;
use std::time::Duration;
use tokio::task::AbortHandle;

pub struct Arete<T> {
    arete: arete_a4_sdk::Arete<Any>,
    readers: Vec<AbortHandle>,
    row: PhantomData<fn() -> T>,
}

/// A stack that accepts any view.
struct Any;

struct AnyViews(ViewBuilder);

impl Stack for Any {
    type Views = AnyViews;
    type Programs = ();

    fn name() -> &'static str {
        "flood"
    }

    fn url() -> &'static str {
        ""
    }
}

impl Views for AnyViews {
    fn from_builder(builder: ViewBuilder) -> Self {
        AnyViews(builder)
    }
}

impl<T: Shaped> Client for Arete<T> {
    async fn connect(url: &str, _: Generation) -> Result<Self> {
        let builder = arete_a4_sdk::Arete::builder()
            .url(url)
            .unlimited_entries()
            .auto_reconnect(false)
            .ping_interval(Duration::from_secs(3600));
        Ok(Arete {
            arete: builder.connect().await?,
            readers: Vec::new(),
            row: PhantomData,
        })
    }

    async fn read(&mut self, readers: Vec<(Part, Reader)>) -> Result<()> {
        let AnyViews(views) = &self.arete.views;
        for (part, reader) in readers {
            let path = part.view_id(T::NAME, Generation::V2);
            let view = views.view::<T::Generated>(&path);
            let stream = match part {
                Part::List => view.watch(),
                Part::Key(key) => {
                    let (connection, store) = (views.connection().clone(), views.store().clone());
                    let timeout = views.initial_data_timeout();
                    StateView::new(connection, store, path, timeout).watch(&key)
                }
                Part::Window { skip, take } => view.watch().skip(skip).take(take),
                Part::Tape => {
                    let reading = spawn(view.watch(), reader, seen_record);
                    self.readers.push(reading.abort_handle());
                    continue;
                }
            };
            self.readers
                .push(spawn(stream, reader, seen).abort_handle());
        }
        Ok(())
    }

    async fn close(self) -> u64 {
        self.arete.disconnect().await;
        // Its streams do not end with the connection.
        self.readers.iter().for_each(AbortHandle::abort);
        0
    }
}

fn seen<G: Generated>(update: &Update<G>) -> Seen {
    match update {
        Update::Upsert { .. } => Seen::Row,
        Update::Patch { data, .. } => Seen::Patch(data.stamp()),
        Update::Remove { .. } | Update::Delete { .. } | Update::Gap(_) => Seen::Other,
    }
}

fn seen_record<G>(update: &Update<G>) -> Seen {
    let offset = update.cursor().and_then(|cursor| cursor.rsplit(':').next());
    let offset = offset.and_then(|offset| offset.parse().ok());
    offset.map_or(Seen::Other, Seen::Record)
}
