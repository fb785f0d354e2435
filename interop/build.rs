//! Generates the types of the stack files that the tests run.

use hyperstack_cli::build::{Build, Error};

fn main() -> Result<(), Error> {
    for stack in [
        "../hyperstack-cli/fixtures/specs/OreStream@0.6.9.stack.json",
        "../hyperstack-cli/fixtures/specs/PumpfunToken@70dcbde.ast.json",
        "specs/Shapes.stack.json",
        "../examples/.hyperstack/SettlementGame.stack.json",
    ] {
        Build::new(stack).write()?;
    }
    Ok(())
}
