//! The items that almost every program needs: `use hyperstack_sdk::prelude::*;`

pub use crate::{
    ChangeStream, CloseReason, ConnectError, ConnectionLost, EndReason, Entity, EntityStream,
    ErasedStream, FilterError, Keyed, Leaf, Patch, PatchError, Patchable, Protocol, Record,
    RemovalCause, RichEntityStream, RichUpdate, RowChange, RowError, RowKey, RowStream, Section,
    Seq, SharedEntityStream, Stack, Stream, StreamError, StreamExt, TryEntityStream, Update, Views,
    WindowStream,
};
#[cfg(feature = "client")]
pub use crate::{
    ConnectionState, Fault, HyperStack, HyperStackBuilder, ListView, ReadError, SingleView,
    StateView, WindowView,
};
