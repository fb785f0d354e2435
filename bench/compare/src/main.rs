//! Prints the comparison.

fn main() {
    print!("{}", compare::table::markdown(&compare::libraries()));
}
