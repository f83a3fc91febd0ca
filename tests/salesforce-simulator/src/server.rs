//! The org behind a loopback port, as a real HTTP server: lost and broken answers become broken connections.

