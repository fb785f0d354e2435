//! The views that the server has, and the parts of them that streams read.

use crate::contender::Generation;

/// A view of the entity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum View {
    /// All rows, the most recently changed one first.
    List,
    /// The rows by key. In v1, this is the list.
    State,
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
            View::State => "state",
            View::Latest => "latest",
            View::Tape => "append",
        }
    }

    /// Returns the mode that the server's messages name.
    pub fn mode(self) -> &'static str {
        match self {
            View::List | View::Latest => "list",
            View::State | View::Tape => self.name(),
        }
    }
}

impl Part {
    pub fn view(&self, generation: Generation) -> View {
        match (self, generation) {
            (Part::Key(_), Generation::V2) => View::State,
            (Part::List | Part::Key(_), _) => View::List,
            (Part::Window { .. }, _) => View::Latest,
            (Part::Tape, _) => View::Tape,
        }
    }

    /// Returns the id of the view that this is a part of.
    pub fn view_id(&self, entity: &str, generation: Generation) -> String {
        format!("{entity}/{}", self.view(generation).name())
    }
}
