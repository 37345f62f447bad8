//! The provider's process: reads the environment once, starts logging, serves.

fn main() {}
