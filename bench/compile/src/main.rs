//! Prints the compile time of derived code and the size of a program, compared with the alternatives.

mod cargo;
mod dependencies;
mod entities;
mod ore;
mod packages;
mod rounds;
mod table;
#[cfg(test)]
mod tests;

use rounds::rounds;
use std::num::NonZeroUsize;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

fn main() -> Result<()> {
    let count = match *std::env::args().skip(1).collect::<Vec<_>>() {
        [] => 7,
        [ref flag, ref count] if flag == "--rounds" => count.parse::<NonZeroUsize>()?.get(),
        _ => return Err("usage: compile [--rounds N]".into()),
    };
    println!("{}, rounds: {count}.", cargo::rustc_version()?);

    let (ours, published) = packages::write()?;

    println!("\n### `cargo check` of the ORE stack\n");
    let packages = [
        (&ours, "ore-ours"),
        (&published, "ore-published"),
        (&ours, "empty-ours"),
        (&published, "empty-published"),
    ];
    let [our_ore, their_ore, our_empty, their_empty] = rounds(count, packages)?;
    let (our_rest, their_rest) = (our_ore.less(&our_empty), their_ore.less(&their_empty));
    table::check(&[
        &[&our_ore, &their_ore],
        &[&our_empty, &their_empty],
        &[&our_rest, &their_rest],
    ]);

    println!("\n### `cargo check` of 100 entities of 20 fields\n");
    let all = rounds(count, entities::KINDS.map(|kind| (&ours, kind.package)))?;
    table::check(&[&all.each_ref()]);

    println!("\n### The release binary\n");
    let sizes = |strip| -> Result<_> {
        Ok((
            ours.binary("main-ours", strip)?,
            published.binary("main-published", strip)?,
        ))
    };
    table::binaries(&[("default", sizes(false)?), ("`strip = true`", sizes(true)?)]);
    Ok(())
}
