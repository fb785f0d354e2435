//! An in-process server that speaks the protocol.
