//! What a view is sorted by.

/// The direction of a [`Sort`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Order {
    /// Smallest first.
    Asc,
    /// Greatest first. Under protocol v1, strings ascend all the same.
    Desc,
}

impl Order {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Asc => "asc",
            Self::Desc => "desc",
        }
    }
}

/// What a view is sorted by: a path into the row, and a direction.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Sort {
    /// The object keys that lead to the sorted field.
    pub field: Vec<String>,
    /// The direction.
    pub order: Order,
}

impl Sort {
    /// Ascending by the field at a dotted path.
    pub fn asc(path: &str) -> Self {
        Self::by(path, Order::Asc)
    }

    /// Descending by the field at a dotted path.
    pub fn desc(path: &str) -> Self {
        Self::by(path, Order::Desc)
    }

    /// What the server reports for a list that has no sort of its own: most recent first.
    pub fn recent() -> Self {
        Self::desc("_seq")
    }

    /// Whether this is the order of a list that has no sort of its own.
    pub(super) fn is_recent(&self) -> bool {
        self.field == ["_seq"]
    }

    fn by(path: &str, order: Order) -> Self {
        Self {
            field: path.split('.').map(str::to_owned).collect(),
            order,
        }
    }
}
