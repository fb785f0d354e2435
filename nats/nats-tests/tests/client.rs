//! The client alone. The tests write what a bridge would write.

mod connection;
mod rows;
mod tapes;
