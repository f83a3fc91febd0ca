//! `connector`, the command line: reads the arguments, runs one command, and turns its end into an exit code.

mod arguments;
mod commands;
mod configuration;
mod example;
mod exit;
mod history;
mod logging;
mod output;
mod pipeline;
mod secrets;
mod sign;
mod simulated_org;
mod store;
mod words;

use std::process::ExitCode;

use anyhow::Context as _;
use clap::Parser as _;

use crate::arguments::Arguments;
use crate::output::Output;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    logging::init(arguments.log, arguments.command.log_level());
    let output = Output::new(arguments.json);
    let result = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("the runtime can't be started")
        .and_then(|runtime| runtime.block_on(arguments.command.run(&output)));
    exit::code(result)
}
