//! The client, the server and the network, and the effect of each step on them.

use std::collections::BTreeSet;
use std::hash::Hasher;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use serde_json::{json, Value};
use tokio::time::Instant;

use super::driver::Driver;
use super::met::Event;
use super::network::Arrival;
use super::reader::Reader;
use super::row::{decode, Pool};
use super::script::{tamed, Fault, Positions, Script, Spec, Step};
use super::server::Server;
use super::v2::{TapeAct, TapeReader, Trouble, UNKNOWN};
use crate::auth::TokenError;
use crate::client::source;
use crate::engine::Handle;
use crate::session::Link;
use crate::wire::Protocol;
use crate::{EndReason, HyperStack, StreamExt as _, Update, Watch};

/// The client's `stale_after`, if it is set. Dead subscriptions are resubscribed within 1.25 times this.
const STALE_AFTER: Duration = Duration::from_secs(60);
/// A client that takes this many turns without time passing never comes to rest.
const TURNS: usize = 10_000;

pub(super) struct World {
    pub(super) driver: Driver,
    pub(super) server: Server,
    pub(super) readers: Vec<Reader>,
    /// Whether nothing has interrupted the list so far.
    is_calm: bool,
    /// Keys whose delete is in flight. A snapshot would not report the deletion.
    deleting: BTreeSet<String>,
    /// Keys of rows that got an undecodable value. Their fields may differ from the server's until they are
    /// sent again.
    pub(super) undecodable: BTreeSet<String>,
    /// Keys of rows that were sent in full at the end.
    pub(super) mended: BTreeSet<String>,
    is_quirky: bool,
    /// Readers of a view that the server lacks.
    unknown: Vec<Watch<Update<Pool>>>,
    tapes: Vec<TapeReader>,
}

impl World {
    pub(super) fn new(script: &Script, seed: u64, protocol: Protocol) -> Self {
        let mut settings = HyperStack::builder()
            .protocol(protocol)
            .stream_capacity(script.capacity)
            .wait_for_server(true);
        // A resumed list can miss a change whose position is late or missing, so these scripts do not resume.
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
            // The simulated driver fetches tokens itself.
            settings =
                settings.token_provider(|| async { Err(TokenError::denied("never called")) });
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
            undecodable: BTreeSet::new(),
            mended: BTreeSet::new(),
            is_quirky: script.quirky,
            unknown: Vec::new(),
            tapes: Vec::new(),
        }
    }

    /// Runs the script, then ends all faults and lets everything come to rest.
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
        // Subscriptions and wide windows without readers linger until now.
        self.wait(6_000).await;
        self.wait(6_000).await;
        self.settle();
        self.check_unknown()?;
        let (key, fields) = &script.moved;
        if self.server.row(key).and_then(decode).is_some() {
            self.merge(key, fields.clone(), &[], false);
            self.settle();
        }
        self.check_tapes()
    }

    /// Returns a hash of the run, which must be the same for the same seed.
    pub(super) fn trace(&self) -> u64 {
        let mut trace = self.driver.trace.clone();
        for reader in &self.readers {
            trace.write(format!("{:?}", reader.read).as_bytes());
        }
        for reader in &self.tapes {
            trace.write(format!("{:?}", reader.items).as_bytes());
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
                self.undecodable.insert((*key).to_owned());
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
            Step::Tape(act) => self.act_on_tape(act),
            Step::Fault(Fault::Restart) if !script.habits.restarts => {}
            Step::Fault(Fault::Starve(_)) if !script.habits.starves => {}
            Step::Fault(fault) => self.fail(fault),
        }
    }

    /// Merges fields into a row. `created` marks the change as the row's creation.
    fn merge(&mut self, key: &str, fields: Value, append: &[&str], created: bool) {
        let fields = if self.is_quirky {
            fields
        } else {
            tamed(fields)
        };
        let fields = self.server.with_unique_appends(fields, append);
        let before = self.server.row(key).and_then(decode);
        if self.server.is_v2() {
            self.server.merge_v2(key, fields, append, created);
        } else {
            self.server.merge(key, fields, append);
        }
        // The client may still hold a row that the server evicted. The patch that brings it back may then
        // change nothing for the client.
        let is_worn = !self.server.is_v2() && self.server.worn.contains(key);
        let is_back = before.is_none() && is_worn;
        if !is_back && self.server.row(key).and_then(decode) != before {
            for reader in &mut self.readers {
                reader.touched.insert(key.to_owned());
            }
        }
        self.driver.collect(&mut self.server, Instant::now());
    }

    /// A v1 server does not repeat a delete, so it must not fall between two subscriptions.
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

    /// Returns the client's number at the server, if messages arrive.
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

    /// Checks that each reader of an unknown view ended with that reason.
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

    fn act_on_tape(&mut self, act: &TapeAct) {
        let count = self.tapes.len();
        match act {
            TapeAct::Join(spec) => {
                let client = &self.driver.client;
                let reader = TapeReader::join(client, spec.clone(), &self.server);
                self.tapes.push(reader);
            }
            TapeAct::Read(which, items) if count > 0 => {
                self.tapes[which.index(count)].read(*items, &self.server);
            }
            TapeAct::Leave(which) if count > 0 => drop(self.tapes.remove(which.index(count))),
            TapeAct::Read(..) | TapeAct::Leave(_) => {}
        }
    }

    /// Lets the readers of the tape read everything, and checks what they got.
    fn check_tapes(&mut self) -> Result<(), String> {
        for _ in 0..TURNS {
            let server = &self.server;
            let tapes = self.tapes.iter_mut();
            let read: usize = tapes.map(|reader| reader.drain(server)).sum();
            if read == 0 {
                for reader in &mut self.tapes {
                    let met = reader.check(&self.server)?;
                    self.server.met.extend(&met);
                }
                return Ok(());
            }
            // A reader that was slow subscribes again.
            self.settle();
        }
        Err("the tape never ends".to_owned())
    }

    fn leave(&mut self, which: impl FnOnce(usize) -> usize) {
        // The first reader may be the one that anchors the run.
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
            (Fault::Dial(dial), _) => network.schedule(*dial),
            (Fault::Fetch(fetch), _) => self.driver.tokens.schedule(*fetch),
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
                network.deliver(Arrival::End, now);
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
                if !matches!(trouble, Trouble::Gap | Trouble::Seal | Trouble::Lag) {
                    self.interrupt();
                }
                self.driver.collect(&mut self.server, now);
            }
            _ => {}
        }
        self.rest();
    }

    /// Does everything that is due at this moment.
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

    /// Notes that changes may reach readers in a snapshot from now on.
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
        panic!("the client never stops sending");
    }

    /// Ends all faults. The client must now notice those that it has not noticed yet.
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

    /// Ends a subscription, so that the client requests the refused ones again.
    async fn make_room(&mut self) {
        let client = self.driver.client.clone();
        let mut stream = source::<Pool>(&client, "Pool").state().watch("other");
        assert!(stream.next().now_or_never().is_none());
        self.settle();
        drop(stream);
        self.wait(6_000).await;
        self.settle();
    }

    /// Sends rows in full that the client cannot complete otherwise.
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
            let is_undecodable = self.undecodable.contains(&key) || is_kept;
            if is_lost || is_worn && script.mends || is_undecodable {
                let whole = json!({
                    "name": key, "score": 1, "limit": null, "log": [7], "hidden": 1,
                    "meta": {"status": null, "level": 1},
                });
                if is_v2 && self.undecodable.contains(&key) {
                    // If the client could not decode the row, it does not apply patches to it.
                    self.delete(&key);
                }
                self.merge(&key, whole, &[], true);
                self.mended.insert(key);
            }
        }
    }
}
