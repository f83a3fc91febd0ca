//! `connector demo`: a joiner, a mover and a leaver, through the real pipeline and against a simulated org.

mod acts;
mod people;
mod stage;
mod summary;

use clap::Args;

use self::stage::Stage;
use crate::exit::Ending;
use crate::output::Output;

/// See it work: a joiner, a mover and a leaver against a simulated org. Needs nothing.
///
/// Everything is real but the people and the org: signed webhooks, the example configuration, mapping, writing and the
/// audit log. Nothing is stored. Exit code 1 if anything does not come out as it should.
#[derive(Debug, Args)]
pub(crate) struct Demo {}

impl Demo {
    pub(crate) async fn run(&self, output: &Output) -> anyhow::Result<Ending> {
        let mut stage = Stage::new()?;
        let report = acts::play(&mut stage, output).await?;
        if output.is_json() {
            output.show(&report)?;
        }
        Ok(Ending::Done)
    }
}
