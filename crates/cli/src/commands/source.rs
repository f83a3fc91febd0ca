//! `connector source`: which sources there are, and trying one without writing anything.

mod advice;
mod columns;
mod dates;
mod directory;
mod file;
mod http;
mod list;
mod report;
mod tally;
mod trial;
mod watch;

use clap::{Args, Subcommand};

use crate::exit::Ending;
use crate::output::Output;

/// List the sources, or try one: see its columns and first persons, writing nothing.
#[derive(Debug, Args)]
pub(crate) struct Source {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    List(list::List),
    Test(trial::Test),
}

impl Source {
    pub(crate) async fn run(&self, output: &Output) -> anyhow::Result<Ending> {
        match &self.command {
            Command::List(list) => list.run(output),
            Command::Test(test) => test.run(output).await,
        }
    }
}
