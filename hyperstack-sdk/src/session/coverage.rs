//! What the other end of a connection can serve.

/// What an upstream serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Coverage {
    /// Any query, as servers do: whole views, single rows by key, and filters and windows of views.
    #[default]
    Queries,
    /// Only whole views and single rows by key, and whole tapes and their records by key. The client applies filters,
    /// `skip` and `take` itself, and so reads the whole view for each of them.
    WholeViews,
}
