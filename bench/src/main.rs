//! Makes the benchmark's inputs.
fn main() {}
