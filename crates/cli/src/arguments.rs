//! The arguments, as `--help` explains them. Groups that several commands share are here; each command's own are beside
//! its code.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::commands;
use crate::exit::Ending;
use crate::logging::LogFormat;
use crate::output::Output;

/// Keeps the user accounts and access rights of a Salesforce org equal to what the HR system says they should be.
///
/// Start with `connector demo`: it needs nothing. `connector serve --simulated-org` lets you send webhooks with curl,
/// still without Salesforce.
#[derive(Debug, Parser)]
#[command(name = "connector", version, after_long_help = AFTER)]
pub(crate) struct Arguments {
    /// Print the result as JSON, for machines.
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// How log lines on stderr look. CONNECTOR_LOG sets the level, as `info` or `salesforce=debug`.
    #[arg(long, global = true, value_name = "FORMAT", value_enum, default_value_t = LogFormat::Text)]
    pub(crate) log: LogFormat,
    #[command(subcommand)]
    pub(crate) command: Command,
}

const AFTER: &str = "\
Exit codes:
  0  done
  1  failed
  2  wrong use
  3  done, but something is parked or refused and waits for a person

Secrets (--secrets FILE) are one YAML file that only its owner can read (chmod 600):
  salesforce: { flow: jwt-bearer, loginUrl: https://acme.my.salesforce.com, clientId: …, username: …, privateKey: … }
  hr-webhook: { key: whsec_… }
The names are those that the configuration uses.";

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Demo(commands::demo::Demo),
    Serve(commands::serve::Serve),
    Agent(commands::agent::Agent),
    Import(commands::import::Import),
    Sync(commands::sync::Sync),
    Check(commands::check::Check),
    Preflight(commands::preflight::Preflight),
    Audit(commands::audit::Audit),
    VerifyAudit(commands::verify_audit::VerifyAudit),
    Parked(commands::parked::Parked),
    Absent(commands::absent::Absent),
    Retry(commands::retry::Retry),
    Link(commands::link::Link),
    Unlink(commands::link::Unlink),
    Release(commands::link::Release),
    Drift(commands::drift::Drift),
    Sign(commands::sign::Sign),
    Source(commands::source::Source),
    Bench(commands::bench::Bench),
}

impl Command {
    /// The level of the log, unless the environment names one. A command that ends by itself reports what happened.
    pub(crate) fn log_level(&self) -> &'static str {
        match self {
            Self::Serve(_) => "info",
            Self::Agent(agent) if agent.goes_on() => "info",
            _ => "off",
        }
    }

    /// Runs the command.
    pub(crate) async fn run(&self, output: &Output) -> anyhow::Result<Ending> {
        match self {
            Self::Demo(command) => command.run(output).await,
            Self::Serve(command) => command.run(output).await,
            Self::Agent(command) => command.run(output).await,
            Self::Import(command) => command.run(output).await,
            Self::Sync(command) => command.run(output).await,
            Self::Check(command) => command.run(output),
            Self::Preflight(command) => command.run(output).await,
            Self::Audit(command) => command.run(output).await,
            Self::VerifyAudit(command) => command.run(output).await,
            Self::Parked(command) => command.run(output).await,
            Self::Absent(command) => command.run(output).await,
            Self::Retry(command) => command.run(output).await,
            Self::Link(command) => command.run(output).await,
            Self::Unlink(command) => command.run(output).await,
            Self::Release(command) => command.run(output).await,
            Self::Drift(command) => command.run(output).await,
            Self::Sign(command) => command.run(output).await,
            Self::Source(command) => command.run(output).await,
            Self::Bench(command) => command.run(output).await,
        }
    }
}

/// Where the data on this machine is.
#[derive(Debug, Args)]
pub(crate) struct DataArguments {
    /// Folder of the store on this machine. One process has it open at a time.
    #[arg(long, value_name = "DIR", default_value = ".connector")]
    pub(crate) data: PathBuf,
}

/// Where the connector's data is.
#[derive(Debug, Args)]
pub(crate) struct StoreArguments {
    #[command(flatten)]
    pub(crate) local: DataArguments,
    /// Name of a deployed stack, whose tables and queues are used instead. Region and credentials come from the
    /// environment, as for all AWS tools.
    #[arg(long, value_name = "NAME", conflicts_with = "data")]
    pub(crate) stack: Option<String>,
}

/// Which rules hold.
#[derive(Debug, Args)]
pub(crate) struct ConfigurationArguments {
    /// Folder of the configuration. With --simulated-org it may be left out: then it is the built-in example.
    #[arg(long, value_name = "DIR")]
    pub(crate) config: Option<PathBuf>,
}

/// Which org is written to.
#[derive(Debug, Args)]
pub(crate) struct OrgArguments {
    /// File with the secrets: the log-in to Salesforce and the webhooks' keys.
    #[arg(long, value_name = "FILE")]
    pub(crate) secrets: Option<PathBuf>,
    /// Use a simulated org in this process instead of Salesforce. It is kept in the data folder.
    #[arg(long)]
    pub(crate) simulated_org: bool,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_arguments_fit_together() {
        Arguments::command().debug_assert();
    }
}
