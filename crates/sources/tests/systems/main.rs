//! The shipped definitions of HTTP sources against emulators of their systems: what comes out, what fails and how, and
//! what is left for the next read.

#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests may fail like tests")]

mod afas;
mod bamboohr;
mod document;
mod entra;
mod entra_groups;
mod evidence;
mod exact_online;
mod exact_synergy;
mod failures;
mod jobs;
mod kinds;
mod mutual_tls;
mod personio;
mod support;
