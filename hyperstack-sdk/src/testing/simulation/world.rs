//! A client, its server and what is between them, and what a script does to them.

use std::collections::BTreeSet;
use std::hash::Hasher;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use serde_json::{json, Value};
use tokio::time::Instant;

use super::driver::Driver;
use super::met::Event;
use super::network::Told;
use super::reader::Reader;
use super::row::{decode, Pool};
use super::script::{tamed, Fault, Positions, Script, Spec, Step};
use super::server::Server;
use super::v2::{Trouble, UNKNOWN};
use crate::auth::TokenError;
use crate::client::source;
use crate::engine::Handle;
use crate::session::Link;
use crate::wire::Protocol;
use crate::{EndReason, HyperStack, StreamExt as _, Update, Watch};

/// After how long without a word a client takes a subscription for dead, where it does. With faults over
/// all dead ones are begun anew within this time and the quarter of it that may pass until it looks.
const STALE_AFTER: Duration = Duration::from_secs(60);
/// How many turns without time going by are none of an idle client.
const TURNS: usize = 10_000;

pub(super) struct World {
    pub(super) driver: Driver,
    pub(super) server: Server,
    pub(super) readers: Vec<Reader>,
    /// Whether nothing kept the list from being followed without a break.
    is_calm: bool,
    /// Rows of whose deletion in the list the client is being told; a snapshot would not say so.
    deleting: BTreeSet<String>,
    /// Rows of which the client may have refused a frame for one of its fields: the others are lost to
    /// it until they come again, mended or not.
    pub(super) spoilt: BTreeSet<String>,
    /// Rows that were sent in full at the end.
    pub(super) mended: BTreeSet<String>,
    is_quirky: bool,
    /// Readers of a view that the server does not have.
    unknown: Vec<Watch<Update<Pool>>>,
}

impl World {
    pub(super) fn new(script: &Script, seed: u64, protocol: Protocol) -> Self {
        let mut settings = HyperStack::builder()
            .protocol(protocol)
            .stream_capacity(script.capacity)
            .wait_for_server(true);
        // Positions that come late or not at all are no measure of what was missed: the first such change
        // may fall into the very gap, and nobody can know before.
        if matches!(
            script.habits.positions,
            Positions::Lacking | Positions::Falling
        ) {
            settings = settings.resume(false);
        }
        if script.habits.starves {
            settings = settings.stale_after(STALE_AFTER);
        }
        if script.habits.token_life.is_some() {
            // The driver fetches them.
            settings = settings.token_provider(|| async { Err(TokenError::denied("nobody asks")) });
        }
        let shared = settings.seeded("simulated".to_owned(), seed);
        World {
            driver: Driver::new(
                HyperStack::new(Handle::new(Arc::new(shared))),
                script.habits.token_life,
            ),
            server: Server::new(script.habits.clone(), protocol),
            readers: Vec::new(),
            is_calm: false,
            deleting: BTreeSet::new(),
            spoilt: BTreeSet::new(),
            mended: BTreeSet::new(),
            is_quirky: script.quirky,
            unknown: Vec::new(),
        }
    }

    /// Does what the script says, then lets all faults end and everything come to rest.
    pub(super) async fn run(&mut self, script: &Script) -> Result<(), String> {
        if script.anchored {
            self.join(Spec::whole_list());
            self.wait(100).await;
            self.is_calm = true;
        }
        for step in &script.steps {
            self.step(step, script).await;
        }
        self.recover().await?;
        self.mend(script);
        self.settle();
        // What nobody reads any more lingers until now, and wide windows with it.
        self.wait(6_000).await;
        self.wait(6_000).await;
        self.settle();
        self.check_unknown()?;
        let (key, fields) = &script.moved;
        if self.server.row(key).and_then(decode).is_some() {
            self.merge(key, fields.clone(), &[], false);
            self.settle();
        }
        Ok(())
    }

    /// A number that tells one run from another.
    pub(super) fn trace(&self) -> u64 {
        let mut trace = self.driver.trace.clone();
        for reader in &self.readers {
            trace.write(format!("{:?}", reader.read).as_bytes());
        }
        trace.finish()
    }

    async fn step(&mut self, step: &Step, script: &Script) {
        match step {
            Step::Put(key, fields) => self.merge(key, fields.clone(), &[], true),
            Step::Patch(key, fields, append) => self.merge(key, fields.clone(), append, false),
            Step::Touch(key) => {
                if let Some(row) = self.server.row(key).cloned() {
                    self.merge(key, row, &[], false);
                }
            }
            Step::Delete(key) => self.delete(key),
            Step::Bad(..) if !script.errs => {}
            Step::Bad(key, fields) => {
                self.spoilt.insert((*key).to_owned());
                self.merge(key, fields.clone(), &[], false);
            }
            Step::JoinUnknown => self.join_unknown(),
            Step::Join(spec) => self.join(spec.clone()),
            Step::Leave(reader) => self.leave(|readers| reader.index(readers)),
            Step::Replace(reader, spec) => {
                self.leave(|readers| reader.index(readers));
                self.join(spec.clone());
            }
            Step::Read(reader, items) => {
                if !self.readers.is_empty() {
                    let at = reader.index(self.readers.len());
                    self.readers[at].read(*items);
                }
            }
            Step::Sync => self.sync(),
            Step::Deliver(messages) => self.deliver(*messages),
            Step::Wait(millis) => self.wait(*millis).await,
            Step::Sleep(millis) => {
                tokio::time::advance(Duration::from_millis(*millis)).await;
                self.rest();
            }
            Step::Fault(Fault::Restart) if !script.habits.restarts => {}
            Step::Fault(Fault::Starve(_)) if !script.habits.starves => {}
            Step::Fault(fault) => self.fail(fault),
        }
    }

    /// Merges fields into a row, which may count as its creation.
    fn merge(&mut self, key: &str, fields: Value, append: &[&str], created: bool) {
        let fields = match self.is_quirky {
            true => fields,
            false => tamed(fields),
        };
        let fields = self.server.told_apart(fields, append);
        let before = self.server.row(key).and_then(decode);
        if self.server.is_v2() {
            self.server.merge_v2(key, fields, append, created);
        } else {
            self.server.merge(key, fields, append);
        }
        // The server evicted such a row, but the client still holds it: the row comes back as a patch that
        // may change nothing there.
        let is_worn = !self.server.is_v2() && self.server.worn.contains(key);
        let is_back = before.is_none() && is_worn;
        if !is_back && self.server.row(key).and_then(decode) != before {
            for reader in &mut self.readers {
                reader.touched.insert(key.to_owned());
            }
        }
        self.driver.collect(&mut self.server, Instant::now());
    }

    /// A v1 server does not repeat a delete, so that it must not fall between two subscriptions.
    fn delete(&mut self, key: &str) {
        if self.server.is_v2() {
            self.server.delete_v2(key);
            return self.driver.collect(&mut self.server, Instant::now());
        }
        self.sync();
        if let Some(peer) = self.client_of_server() {
            if self.server.delete(peer, key) {
                self.deleting.insert(key.to_owned());
            }
            self.driver.collect(&mut self.server, Instant::now());
        }
    }

    /// The server's name for the client, if what it sends arrives.
    fn client_of_server(&self) -> Option<u64> {
        let network = &self.driver.network;
        let peer = network.wire.as_ref().map(|wire| wire.peer);
        peer.filter(|peer| network.is_whole() && self.server.serves(*peer))
    }

    fn join(&mut self, spec: Spec) {
        let mut reader = Reader::join(&self.driver.client, spec, &self.driver.journal);
        reader.lost = !self.is_calm;
        self.readers.push(reader);
    }

    fn join_unknown(&mut self) {
        let mut stream = source::<Pool>(&self.driver.client, "Pool")
            .collection(UNKNOWN)
            .watch();
        // The first poll subscribes.
        assert!(stream.next().now_or_never().is_none());
        self.unknown.push(stream);
    }

    /// Checks that each reader of an unknown view was told so.
    fn check_unknown(&mut self) -> Result<(), String> {
        for stream in &mut self.unknown {
            let item = stream.next().now_or_never();
            let reason = stream.end_reason();
            match (&item, &reason) {
                (Some(None), Some(EndReason::UnknownView { .. })) => {
                    self.server.met.note(Event::Unknown);
                }
                _ => {
                    return Err(format!(
                        "a reader of an unknown view got {item:?}, {reason:?}"
                    ))
                }
            }
        }
        Ok(())
    }

    fn leave(&mut self, which: impl FnOnce(usize) -> usize) {
        // The first one may be the anchor.
        if self.readers.len() > 1 {
            let at = 1 + which(self.readers.len() - 1);
            self.readers.remove(at);
        }
    }

    fn fail(&mut self, fault: &Fault) {
        let now = Instant::now();
        let network = &mut self.driver.network;
        let peer = network.wire.as_ref().map(|wire| wire.peer);
        match (fault, peer) {
            (Fault::Dial(dial), _) => network.foretell(*dial),
            (Fault::Fetch(fetch), _) => self.driver.tokens.foretell(*fetch),
            (Fault::Delay(delay), _) => network.slow(*delay),
            (Fault::Restart, _) => {
                self.server.restart();
                network.reset(now);
            }
            (Fault::Reset, Some(peer)) => {
                self.server.forget(peer);
                network.reset(now);
            }
            (Fault::HangUp, Some(peer)) => {
                self.server.forget(peer);
                network.tell(Told::End, now);
            }
            (Fault::Cut, Some(_)) => network.cut(),
            (Fault::Remove, Some(peer)) => self.server.remove(peer),
            (Fault::Starve(which), Some(peer)) => {
                let server = &mut self.server;
                server.starve(peer, |subscriptions| which.index(subscriptions));
                self.interrupt();
            }
            (Fault::V2(trouble), peer) => {
                self.server.make_trouble(peer, trouble);
                if let Trouble::Restart = trouble {
                    self.driver.network.reset(now);
                }
                self.interrupt();
                self.driver.collect(&mut self.server, now);
            }
            _ => {}
        }
        self.rest();
    }

    /// Everybody does what there is to do at this moment.
    fn rest(&mut self) {
        let losses = self.driver.losses;
        let turns = (0..TURNS).find(|_| !self.driver.turn(&mut self.server));
        assert!(turns.is_some(), "the client does not come to rest");
        if self.driver.losses > losses {
            self.is_calm = false;
            self.server.worn.append(&mut self.deleting);
            self.readers
                .iter_mut()
                .for_each(|reader| reader.lost = true);
        }
        if self.driver.network.is_quiet() && self.client_of_server().is_some() {
            self.deleting.clear();
        }
    }

    /// What readers miss from now on may come in a snapshot.
    fn interrupt(&mut self) {
        self.is_calm = false;
        self.readers
            .iter_mut()
            .for_each(|reader| reader.lost = true);
    }

    async fn wait(&mut self, millis: u64) {
        let end = Instant::now() + Duration::from_millis(millis);
        loop {
            self.rest();
            let next = self.driver.next().filter(|at| *at <= end);
            let now = Instant::now();
            tokio::time::advance(next.unwrap_or(end) - now).await;
            if next.is_none() {
                return;
            }
        }
    }

    fn sync(&mut self) {
        self.rest();
        if let Some(wire) = &mut self.driver.network.wire {
            wire.up.hurry(usize::MAX, Instant::now());
        }
        self.rest();
    }

    fn deliver(&mut self, messages: usize) {
        self.rest();
        if let Some(wire) = &mut self.driver.network.wire {
            wire.down.hurry(messages, Instant::now());
        }
        self.rest();
    }

    fn settle(&mut self) {
        for _ in 0..TURNS {
            self.sync();
            self.deliver(usize::MAX);
            if self.driver.network.is_quiet() {
                return;
            }
        }
        panic!("the client has always something to say");
    }

    /// Faults end. What has gone wrong unnoticed must be noticed now.
    async fn recover(&mut self) -> Result<(), String> {
        self.driver.network.heal();
        self.driver.tokens.heal();
        self.server.end_troubles();
        self.driver.collect(&mut self.server, Instant::now());
        for _ in 0..8 {
            self.rest();
            let is_open = self.driver.client.handle().engine().link() == Link::Open;
            // A fetch that began before the faults ended may still hang or fail. The client then rightly
            // drops the connection before its token ends, which must not happen during the last check.
            let is_fetching = self.driver.tokens.is_flying();
            if is_open && !is_fetching && self.client_of_server().is_some() {
                self.settle();
                if self.server.met.times(Event::Limited) > 0 {
                    self.make_room().await;
                }
                return Ok(());
            }
            self.wait(20_000).await;
        }
        let link = self.driver.client.handle().engine().link();
        Err(format!("the client is not back: {link:?}"))
    }

    /// A subscription ends, so that the client requests those that were refused.
    async fn make_room(&mut self) {
        let client = self.driver.client.clone();
        let mut stream = source::<Pool>(&client, "Pool").state().watch("other");
        assert!(stream.next().now_or_never().is_none());
        self.settle();
        drop(stream);
        self.wait(6_000).await;
        self.settle();
    }

    /// Sends in full what cannot be put together from what is sent otherwise.
    fn mend(&mut self, script: &Script) {
        let is_v2 = self.server.is_v2();
        let leaves_partial = script.leaves_partial && (is_v2 || !script.has_views());
        let mut rows = self.server.derived().clone();
        rows.extend(self.server.by_key());
        for (key, row) in rows {
            let is_kept = self.server.mixed.contains(&key);
            let is_partial = row.get("name").is_none() && leaves_partial && !is_kept;
            let is_lost = decode(&row).is_none() && !is_partial;
            let is_worn = self.server.worn.contains(&key) && self.server.row(&key).is_some();
            let is_spoilt = self.spoilt.contains(&key) || is_kept;
            if is_lost || is_worn && script.mends || is_spoilt {
                let whole = json!({
                    "name": key, "score": 1, "limit": null, "log": [7], "hidden": 1,
                    "meta": {"status": null, "level": 1},
                });
                if is_v2 && self.spoilt.contains(&key) {
                    // If the client could not read the whole row, it does not take patches of it.
                    self.delete(&key);
                }
                self.merge(&key, whole, &[], true);
                self.mended.insert(key);
            }
        }
    }
}
