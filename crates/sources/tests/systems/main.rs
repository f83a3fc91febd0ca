//! The shipped definitions of HTTP sources against emulators of their systems: what comes out, what fails and how, and
//! what is left for the next read.

mod afas;
mod bamboohr;
mod document;
mod entra;
mod evidence;
mod exact_online;
mod failures;
mod kinds;
mod personio;
mod support;
