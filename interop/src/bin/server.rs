//! The server's own process, which serves the scene in its argument.
#![forbid(unsafe_code)]

fn main() {
    let scene = std::env::args().nth(1).expect("a scene");
    hyperstack_interop::serve(&scene);
}
