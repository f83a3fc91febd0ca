//! `connector parked`: everything that waits for a person, and why.

mod waiting;

use std::sync::Arc;

use clap::Args;
use ports::SystemClock;

pub(crate) use self::waiting::Waiting;
use crate::arguments::StoreArguments;
use crate::exit::Ending;
use crate::output::Output;

/// Show what waits for a person: parked accounts, persons with problems, refused records, dead letters.
///
/// Each line says what is wrong. Correct it in Salesforce, in the configuration or in the source. Parked accounts are
/// tried again by themselves, with growing gaps; `connector retry` tries them at once.
///
/// Exit code 3 when anything waits.
#[derive(Debug, Args)]
pub(crate) struct Parked {
    #[command(flatten)]
    store: StoreArguments,
}

impl Parked {
    pub(crate) async fn run(&self, output: &Output) -> anyhow::Result<Ending> {
        let opened = self.store.open(Arc::new(SystemClock)).await?;
        let waiting = Waiting::collect(&opened).await?;
        output.show(&waiting)?;
        Ok(Ending::waiting_if(!waiting.is_empty()))
    }
}
