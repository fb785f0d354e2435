//! How a v2 server handles a client's message.

use tokio::time::Instant;
use tokio_tungstenite::tungstenite::Message;

use super::super::model;
use super::super::peer::Subscription;
use super::super::refusal::Refusal;
use super::super::state::State;
use super::feed::Feed;
use super::frame::{error, unsubscribed};
use super::message::{Request, Subscribe};
use super::replay::Played;

/// Handles a text message. Every request except a ping gets an answer.
pub(crate) fn receive(state: &mut State, peer: u64, text: &str, now: Instant) {
    let (id, answer) = match Request::parse(text) {
        Ok(Request::Subscribe(request)) => {
            let answer = subscribe(state, peer, &request, now);
            (Some(request.id), answer)
        }
        Ok(Request::Unsubscribe { id }) => {
            let answer = unsubscribe(state, peer, &id);
            (Some(id), answer)
        }
        Ok(Request::RefreshAuth { token }) => return state.refresh(peer, &token),
        Ok(Request::Ping) => return,
        Err(refused) => (refused.id, Err(*refused.refusal)),
    };
    let Some(peer) = state.peers.get_mut(&peer) else {
        return;
    };
    match answer {
        Ok(messages) => messages.into_iter().for_each(|m| peer.push(m)),
        Err(refusal) => peer.push(Message::text(error(&refusal, id.as_deref(), false))),
    }
}

fn unsubscribe(state: &mut State, peer: u64, id: &str) -> Result<Vec<Message>, Refusal> {
    let peer = state.peers.get_mut(&peer);
    let ended = peer.and_then(|peer| {
        let ended = peer.unsubscribe(id)?;
        peer.unsubscribed.push(ended);
        Some(vec![unsubscribed(id)])
    });
    ended.ok_or_else(|| {
        Refusal::new("unknown-subscription-id")
            .message("subscriptionId is not active on this connection")
    })
}

fn subscribe(
    state: &mut State,
    client: u64,
    request: &Subscribe,
    now: Instant,
) -> Result<Vec<Message>, Refusal> {
    let Some(peer) = state.peers.get_mut(&client) else {
        return Ok(Vec::new());
    };
    let held = peer.subscriptions.len();
    if let Some(most) = state.max_subscriptions.filter(|most| held >= *most) {
        return Err(Refusal::new("subscription-limit-exceeded")
            .message(&format!(
                "Subscription limit exceeded: {held} of {most} subscriptions for client {client}"
            ))
            .suggested_action(
                "Unsubscribe from an existing view before creating another subscription",
            ));
    }
    if peer.find(&request.id).is_some() {
        return Err(Refusal::new("duplicate-subscription-id")
            .message("subscriptionId is already active on this connection"));
    }
    let (messages, feed) = match state.recorded.v2.play(request, now) {
        Some(Played::Refused(messages)) => return Ok(messages),
        Some(Played::Subscribed(playback)) => {
            state.playbacks += 1;
            let feed = playback.next_epoch.map(model::Feed::Last);
            peer.play(playback, &request.id, now);
            (Vec::new(), feed.unwrap_or(model::Feed::Silent))
        }
        None if state.recorded.v2.has_view(&request.query.view) => {
            let query = request.query.to_json();
            return Err(Refusal::new("subscription-rejected")
                .message(&format!("the recording does not have the query {query}")));
        }
        None => {
            state.snapshots += 1;
            let max_rows = state.max_snapshot_rows;
            Feed::open(&state.model, request, state.snapshots, max_rows)?
        }
    };
    peer.subscriptions.push(Subscription {
        identity: request.id.clone(),
        view: request.query.view.clone(),
        key: request.query.key.clone(),
        feed: Some(feed),
    });
    Ok(messages)
}
