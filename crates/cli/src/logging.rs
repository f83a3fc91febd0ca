//! Logs go to stderr, so that stdout holds the result only. Ids only, as everywhere; libraries that might print requests
//! stay at warnings.

use tracing_subscriber::EnvFilter;

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum LogFormat {
    /// One line of text an event.
    Text,
    /// One JSON object an event.
    Json,
}

/// Logs from now on. `CONNECTOR_LOG` (as `debug` or `salesforce=debug`) goes before the command's own level.
pub(crate) fn init(format: LogFormat, level: &str) {
    let wanted = std::env::var("CONNECTOR_LOG").ok().filter(|wanted| !wanted.is_empty());
    let filter = wanted.and_then(|wanted| EnvFilter::try_new(wanted).ok()).unwrap_or_else(|| EnvFilter::new(level));
    let quiet = ["aws_", "h2", "hyper", "hyper_util", "reqwest", "rustls"];
    let filter =
        quiet.iter().filter_map(|name| format!("{name}=warn").parse().ok()).fold(filter, EnvFilter::add_directive);
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(false);
    match format {
        LogFormat::Text => builder.with_target(false).init(),
        LogFormat::Json => builder.json().flatten_event(true).with_current_span(false).init(),
    }
}
