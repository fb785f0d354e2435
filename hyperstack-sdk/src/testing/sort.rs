//! The sort order of a view.

/// The direction of a [`Sort`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Order {
    /// Smallest first.
    Asc,
    /// Greatest first. Under protocol v1, strings still ascend.
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

/// The sort order of a view: a path into the row, and a direction.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Sort {
    /// The object keys on the way to the sorted field.
    pub field: Vec<String>,
    /// The direction.
    pub order: Order,
}

impl Sort {
    /// Sorts ascending by the field at a dotted path.
    pub fn asc(path: &str) -> Self {
        Self::by(path, Order::Asc)
    }

    /// Sorts descending by the field at a dotted path.
    pub fn desc(path: &str) -> Self {
        Self::by(path, Order::Desc)
    }

    /// Sorts the most recent row first, as the server does with a list without a sort of its own.
    pub fn recent() -> Self {
        Self::desc("_seq")
    }

    /// Whether this is the order of a list without a sort of its own.
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
