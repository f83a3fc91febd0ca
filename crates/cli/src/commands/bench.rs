//! placeholder
use clap::Args;
use crate::exit::Ending;
use crate::output::Output;
/// x
#[derive(Debug, Args)]
pub(crate) struct Bench {}
impl Bench {
    pub(crate) async fn run(&self, _: &Output) -> anyhow::Result<Ending> { Ok(Ending::Done) }
}
