//! The same server in a process of its own, for what makes it hang: a hanging server keeps its port,
//! and only the end of its process frees that.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};

use hyperstack_auth::Limits;
use serde::{Deserialize, Serialize};

use crate::{entity, Change, Granted, Setup};

/// What is served.
#[derive(Debug, Serialize, Deserialize)]
pub struct Scene {
    /// Where.
    pub address: SocketAddr,
    /// The entity whose views there are.
    pub entity: String,
    /// What has happened to it.
    pub changes: Vec<Change>,
    /// What everyone's session may do.
    pub limits: Limits,
    /// Whether everyone's session is expired.
    pub expired: bool,
}

/// A server's process. Dropping this kills it.
#[derive(Debug)]
pub struct Process(Child);

impl Process {
    /// Starts `program`, which is to call [`serve`]; when this returns, the server listens.
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

/// Serves a scene until standard input ends, which it does with the process that started this one.
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
