//! Typed patches: decode, merge, build.
