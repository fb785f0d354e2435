//! The published client of v1: `hyperstack-sdk` 0.6.9.

use crate::contender::{spawn, Client, Generation};
use crate::entity::Shaped;
use crate::meter::{Reader, Seen};
use crate::view::Part;
use crate::Result;
use published::{HyperStack, Stack, StateView, Update, ViewBuilder, Views};
use std::marker::PhantomData;
use std::time::Duration;
use tokio::task::AbortHandle;

pub struct Published<T> {
    hyperstack: HyperStack<Any>,
    readers: Vec<AbortHandle>,
    row: PhantomData<fn() -> T>,
}

/// A stack that accepts any view.
struct Any;

struct AnyViews(ViewBuilder);

impl Stack for Any {
    type Views = AnyViews;

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

impl<T: Shaped> Client for Published<T> {
    async fn connect(url: &str, _: Generation) -> Result<Self> {
        let builder = HyperStack::builder()
            .url(url)
            .unlimited_entries()
            .auto_reconnect(false)
            .ping_interval(Duration::from_secs(3600));
        Ok(Published {
            hyperstack: builder.connect().await?,
            readers: Vec::new(),
            row: PhantomData,
        })
    }

    async fn read(&mut self, readers: Vec<(Part, Reader)>) -> Result<()> {
        let AnyViews(views) = &self.hyperstack.views;
        let path = format!("{}/list", T::NAME);
        let look = |update: &Update<T::Plain>| match update {
            Update::Upsert { .. } => Seen::Row,
            Update::Patch { data, .. } => Seen::Patch(T::stamp_of_plain(data)),
            Update::Delete { .. } => Seen::Other,
        };
        for (part, reader) in readers {
            let reader = match part {
                Part::Key(key) => {
                    let (connection, store) = (views.connection().clone(), views.store().clone());
                    let timeout = views.initial_data_timeout();
                    let view = StateView::new(connection, store, path.clone(), timeout);
                    spawn(view.watch(&key), reader, look).abort_handle()
                }
                Part::List => spawn(views.view(&path).watch(), reader, look).abort_handle(),
                Part::Window { .. } | Part::Tape => return Err("only over v2".into()),
            };
            self.readers.push(reader);
        }
        Ok(())
    }

    async fn close(self) -> u64 {
        self.hyperstack.disconnect().await;
        // Its streams do not end with the connection.
        self.readers.iter().for_each(AbortHandle::abort);
        0
    }
}
