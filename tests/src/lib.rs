//! What the tests of the whole project share: servers that we did not write, started and stopped by the tests.

pub mod emulator_server;
pub mod ministack;
pub mod world;
