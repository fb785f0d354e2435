//! Queries.

use std::sync::Arc;

use super::window::Window;

/// The rows of one view that a reader wants.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Query {
    /// The view's id.
    pub view: Arc<str>,
    /// All rows, or one.
    pub target: Target,
    /// The part of the view. Queries for one row use the default.
    pub window: Window,
    /// The filters for the server. If there are none and the window is filtered, the client filters.
    pub filters: Filters,
}

/// Dotted paths, and the value that each must have as JSON text.
pub type Filters = Vec<(String, String)>;

/// All rows of a view, or one.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Target {
    /// All rows.
    All,
    /// The row with this key.
    Key(Arc<str>),
}

impl Query {
    /// Creates a query for a part of a view.
    pub fn part(view: Arc<str>, window: Window, filters: Filters) -> Self {
        Query {
            view,
            target: Target::All,
            window,
            filters,
        }
    }

    /// Creates a query for one row.
    pub fn key(view: Arc<str>, key: Arc<str>) -> Self {
        Query {
            view,
            target: Target::Key(key),
            window: Window::default(),
            filters: Filters::new(),
        }
    }
}

impl Target {
    /// Returns the key, if the target is one row.
    pub fn key(&self) -> Option<&Arc<str>> {
        match self {
            Target::All => None,
            Target::Key(key) => Some(key),
        }
    }
}
