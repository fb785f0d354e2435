//! Runs the server in its own process, for tests that make it hang. A hanging server keeps its port until its
//! process ends.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};

use hyperstack_auth::Limits;
use serde::{Deserialize, Serialize};

use crate::{entity, Change, Granted, Setup};

/// The server's settings and data.
#[derive(Debug, Serialize, Deserialize)]
pub struct Scene {
    /// The address to listen on.
    pub address: SocketAddr,
    /// The entity whose views the server has.
    pub entity: String,
    /// The changes of the entity.
    pub changes: Vec<Change>,
    /// The limits of every session.
    pub limits: Limits,
    /// Whether every session has expired.
    pub expired: bool,
}

/// A server's process. Dropping this kills it.
#[derive(Debug)]
pub struct Process(Child);

impl Process {
    /// Starts `program`, which must call [`serve`]. When this returns, the server listens.
    pub fn start(program: &str, scene: &Scene) -> Process {
        let mut child = Command::new(program)
            .arg(serde_json::to_string(scene).expect("a scene is JSON"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the server's program runs");
        let output = child.stdout.take().expect("a pipe");
        let process = Process(child);
        let mut line = String::new();
        let read = BufReader::new(output).read_line(&mut line);
        assert_eq!((read.ok(), line.as_str()), (Some(3), "up\n"));
        process
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Serves a scene until standard input ends, which happens when the parent process ends.
pub fn serve(scene: &str) {
    let scene: Scene = serde_json::from_str(scene).expect("a scene");
    let granted = Granted {
        limits: scene.limits,
        expired: scene.expired,
    };
    let setup = Setup::new(entity(&scene.entity)).auth(granted);
    let mut server = setup.prepare_at(scene.address);
    tokio::runtime::Builder::new_current_thread()
        .build()
        .expect("a runtime")
        .block_on(server.apply(scene.changes));
    server.start();
    println!("up");
    let _ = std::io::stdin().lines().last();
}
