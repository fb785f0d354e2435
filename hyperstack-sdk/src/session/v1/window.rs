//! The part of a view that a v1 subscription requests.
//!
//! A v1 server keeps one window per view and connection. It applies the window to derived views; for other views it
//! limits only the snapshot. So all readers of a view share one subscription that covers them, and the store cuts
//! each reader's window from it. A list is always subscribed whole, because a patch of a row that the snapshot left
//! out would look like a new row with few fields.

use std::sync::Arc;

use crate::session::query::Target;
use crate::session::window::Window;
use crate::wire::Subscribe;

/// Whether a view is derived: a window that rows leave, not one of the views that every entity has.
pub(super) fn is_derived(view: &str) -> bool {
    let name = view.split_once('/').map(|(_, name)| name);
    !matches!(name, Some("list" | "state" | "append"))
}

/// The part of a view that must be subscribed for a reader of `window`.
pub(super) fn needed(window: Window, derived: bool) -> Window {
    // The server does not filter, and sends no rows past its own window. So a reader with a filter or without a
    // limit needs the window that the view declares.
    if !derived || window.filtered || window.take.is_none() {
        return Window::default();
    }
    Window {
        skip: window.skip,
        // `end` saturates, so `skip + take` cannot overflow.
        take: window.end().map(|end| end - window.skip),
        ..Window::default()
    }
}

/// The request for this part of a view.
pub(super) fn subscribe(window: Window, view: &Arc<str>, target: &Target) -> Subscribe {
    Subscribe {
        view: view.to_string(),
        key: target.key().map(|key| key.to_string()),
        skip: Some(window.skip).filter(|skip| *skip > 0),
        take: window.take,
        ..Subscribe::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::Seq;

    #[test]
    fn options_that_the_server_ignores_are_not_sent() {
        let window = |skip, take| Window {
            skip,
            take,
            ..Window::default()
        };
        let all = Window {
            filtered: true,
            after: Some(Seq::default()),
            ..window(2, Some(3))
        };
        assert_eq!(needed(all, true), Window::default());
        assert_eq!(needed(all, false), Window::default());
        assert_eq!(needed(window(2, Some(3)), true), window(2, Some(3)));
        assert_eq!(needed(window(2, Some(3)), false), Window::default());
        assert_eq!(needed(window(2, None), true), Window::default());
        let far = needed(window(u64::MAX, Some(u64::MAX)), true);
        assert!(far.covers(far));
    }
}
