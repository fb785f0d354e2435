//! The views that the server has, and the parts of them that streams read.

/// A view of the entity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum View {
    /// All rows, the most recently changed one first.
    List,
    /// All rows, sorted by the round's id, the highest one first. Patches do not change this order.
    Latest,
    /// The tape of all changes.
    Tape,
}

/// What a stream reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// All rows of the list.
    List,
    /// The row of the list that has this key.
    Key(String),
    /// `take` rows of the sorted view, after the first `skip` rows.
    Window { skip: usize, take: usize },
    /// All records of the tape.
    Tape,
}

impl View {
    /// Returns the second part of the view's id.
    pub fn name(self) -> &'static str {
        match self {
            View::List => "list",
            View::Latest => "latest",
            View::Tape => "append",
        }
    }
}

impl Part {
    pub fn view(&self) -> View {
        match self {
            Part::List | Part::Key(_) => View::List,
            Part::Window { .. } => View::Latest,
            Part::Tape => View::Tape,
        }
    }

    /// Returns the id of the view that this is a part of.
    pub fn view_id(&self, entity: &str) -> String {
        format!("{entity}/{}", self.view().name())
    }
}
