//! The server, as far as subscriptions go: what stands, and what was asked and not answered.

use super::readers::Readers;
use hyperstack_sdk::wire::Subscribe;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// A view, and one of its rows where only that was asked for.
pub(super) type Name = (String, Option<String>);

/// One connection's subscriptions.
#[derive(Default)]
pub(super) struct Peer {
    /// What stands, and which request made it so.
    standing: BTreeMap<Name, u64>,
    /// What there was no room for.
    refused: BTreeSet<Name>,
    /// What is too large to be sent; it stays so until another reader comes.
    declined: BTreeSet<Name>,
    /// What of the refused is to be asked again: a barrier was answered since, and makes room.
    due: BTreeSet<Name>,
    asked: VecDeque<Asked>,
    last: u64,
    /// The request whose snapshot is being sent: that is over before the next one is answered.
    snapshot: Option<Asked>,
    /// Whether a request was passed over in silence, and no barrier was answered since.
    was_silent: bool,
}

/// A request, by its number.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    number: u64,
    pub(super) name: Name,
}

impl Peer {
    /// To subscribe twice kills the first one, and would bring every change twice where it does not.
    pub(super) fn subscribe(&mut self, subscribe: Subscribe) {
        let name = (subscribe.view, subscribe.key);
        assert_ne!(name.1.as_deref(), Some("*"), "all rows by a key");
        assert!(!self.standing.contains_key(&name), "{name:?} twice");
        if is_barrier(&name) {
            assert_eq!(subscribe.with_snapshot, Some(false));
        } else {
            let mut others = self.standing.keys().filter(|other| !is_barrier(other));
            let overlaps =
                |other: &Name| other.0 == name.0 && other.1.is_none() != name.1.is_none();
            assert!(
                !others.any(overlaps),
                "{name:?} beside the whole view or a row"
            );
        }
        self.forgive(&name);
        self.last += 1;
        self.standing.insert(name.clone(), self.last);
        let number = self.last;
        self.asked.push_back(Asked { number, name });
    }

    /// What was refused meanwhile does not stand; the server does not mind.
    pub(super) fn unsubscribe(&mut self, view: String, key: Option<String>) {
        self.standing.remove(&(view, key));
    }

    /// The request that is answered next, of a view that the server knows; it says nothing to the others.
    pub(super) fn next(&mut self) -> Option<Asked> {
        let asked = self.asked.pop_front()?;
        let (view, _) = &asked.name;
        let is_sent = !is_unknown(view) && !is_barrier(&asked.name);
        self.snapshot = is_sent.then(|| asked.clone());
        self.was_silent = is_unknown(view) || self.was_silent && !is_barrier(&asked.name);
        Some(asked)
    }

    /// Whether a session cannot know which request a refusal meets: one before it is never answered.
    pub(super) fn was_silent(&self) -> bool {
        self.was_silent
            || self
                .asked
                .front()
                .is_some_and(|asked| is_unknown(&asked.name.0))
    }

    /// Ends the snapshot that is being sent, or refuses it.
    pub(super) fn snapshot(&mut self) -> Option<Asked> {
        self.snapshot.take()
    }

    /// The answer to a request has been told.
    pub(super) fn answered(&mut self, asked: &Asked) {
        if is_barrier(&asked.name) {
            self.due = self.refused.clone();
        }
    }

    pub(super) fn stands(&self, asked: &Asked) -> bool {
        self.standing.get(&asked.name) == Some(&asked.number)
    }

    /// There is no room for a subscription, and it does not stand.
    pub(super) fn refuse(&mut self, asked: Asked) {
        self.snapshot = None;
        if self.stands(&asked) {
            self.standing.remove(&asked.name);
            self.refused.insert(asked.name);
        }
    }

    /// A subscription is too large, and does not stand.
    pub(super) fn decline(&mut self, asked: Asked) {
        if self.stands(&asked) {
            self.standing.remove(&asked.name);
            self.declined.insert(asked.name);
        }
    }

    /// What was refused is to be asked for again.
    pub(super) fn forgive(&mut self, name: &Name) {
        for names in [&mut self.refused, &mut self.declined, &mut self.due] {
            names.remove(name);
        }
    }

    /// Nothing stands but what is wanted, and nothing that is wanted lacks.
    pub(super) fn check(&mut self, readers: &Readers) {
        let wanted = readers.subscriptions();
        for names in [&mut self.refused, &mut self.declined, &mut self.due] {
            names.retain(|name| wanted.contains(name));
        }
        for name in &wanted {
            let is_refused = self.refused.contains(name) || self.declined.contains(name);
            let is_had = is_refused || self.standing.contains_key(name);
            assert!(is_had, "{name:?} is wanted and not subscribed");
            assert!(!self.due.contains(name), "{name:?} is not asked again");
        }
        let rest = self
            .standing
            .keys()
            .find(|name| !is_barrier(name) && !wanted.contains(*name));
        assert_eq!(rest, None, "nobody wants it");
    }
}

/// Whether the server does not know the view's entity.
pub(super) fn is_unknown(view: &str) -> bool {
    view.starts_with('X')
}

fn is_barrier((_, key): &Name) -> bool {
    key.as_ref()
        .is_some_and(|key| key.starts_with("hyperstack-sdk:barrier:"))
}
