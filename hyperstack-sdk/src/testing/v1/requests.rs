//! How a v1 server handles a client's message.

use tokio::time::Instant;
use tokio_tungstenite::tungstenite::Message;

use super::super::model;
use super::super::peer::Subscription;
use super::super::refusal::Refusal;
use super::super::state::State;
use super::feed::Feed;
use super::message::{identity, ClientMessage, Subscribe};

/// Handles a text message. An invalid one gets no answer.
pub(crate) fn receive(state: &mut State, id: u64, text: &str, now: Instant) {
    match ClientMessage::parse(text) {
        Some(ClientMessage::Subscribe(request)) => subscribe(state, id, &request, now),
        Some(ClientMessage::Unsubscribe { view, key }) => {
            if let Some(peer) = state.peers.get_mut(&id) {
                peer.unsubscribe(&identity(&view, key.as_deref()));
            }
        }
        Some(ClientMessage::RefreshAuth { is_probe: true, .. }) => state.refuse_refresh(id),
        Some(ClientMessage::RefreshAuth { token, .. }) => state.refresh(id, &token),
        Some(ClientMessage::Ping) | None => {}
    }
}

fn subscribe(state: &mut State, id: u64, request: &Subscribe, now: Instant) {
    let Some(peer) = state.peers.get_mut(&id) else {
        return;
    };
    if (state.max_subscriptions).is_some_and(|most| peer.subscriptions.len() >= most) {
        let issue = Refusal::new("subscription-limit-exceeded").issue(false);
        return peer.push(Message::text(issue.to_string()));
    }
    let identity = request.identity();
    if peer.find(&identity).is_some() {
        return peer.kill(&identity);
    }
    let feed = if let Some(playback) = state.recorded.v1.play(request) {
        state.playbacks += 1;
        peer.play(playback, &identity, now);
        model::Feed::Silent
    } else if let Some((messages, feed)) = Feed::open(&state.model, request) {
        messages.into_iter().for_each(|m| peer.push(m));
        feed
    } else {
        return;
    };
    peer.subscriptions.push(Subscription {
        identity,
        view: request.view.clone(),
        key: request.key.clone(),
        feed: Some(feed),
    });
}
