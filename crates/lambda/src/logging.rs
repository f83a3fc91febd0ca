//! Logs as Lambda's advanced logging controls read them: one JSON object a line, with `timestamp` (RFC 3339), `level`
//! and the event's own fields beside them.
//!
//! Libraries that might print requests or items in full stay at warnings, whatever level is asked for: personal data
//! must not get into a log because somebody looks for an error.

use std::env;

use tracing::Subscriber;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::fmt::MakeWriter;

const QUIET: [&str; 8] = ["aws_", "h2", "hyper", "hyper_util", "lambda_runtime", "reqwest", "rustls", "tower"];

/// Logs from now on. The level comes from `RUST_LOG`, else from `AWS_LAMBDA_LOG_LEVEL`, which Lambda sets from the
/// function's `ApplicationLogLevel`, else it is `info`. A second call changes nothing.
pub fn init() {
    let level = |name: &str| env::var(name).ok().filter(|level| !level.is_empty());
    let filter = filter(level("RUST_LOG").or_else(|| level("AWS_LAMBDA_LOG_LEVEL")).as_deref());
    // Only a subscriber that is already set makes it fail.
    drop(tracing::subscriber::set_global_default(subscriber(filter, std::io::stdout)));
}

fn filter(level: Option<&str>) -> EnvFilter {
    let level = match level {
        // Lambda has a level that tracing lacks.
        Some(level) if level.eq_ignore_ascii_case("fatal") => "error",
        Some(level) => level,
        None => "info",
    };
    let builder = EnvFilter::builder().with_default_directive(LevelFilter::INFO.into());
    let filter = builder.parse(level).unwrap_or_else(|_| EnvFilter::new("info"));
    QUIET.iter().filter_map(|name| format!("{name}=warn").parse().ok()).fold(filter, EnvFilter::add_directive)
}

fn subscriber<W>(filter: EnvFilter, writer: W) -> impl Subscriber + Send + Sync
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_current_span(false)
        .with_span_list(true)
        .with_ansi(false)
        .with_env_filter(filter)
        .with_writer(writer)
        .finish()
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::{Arc, Mutex};

    use serde_json::Value;

    use super::*;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    fn logged(level: Option<&str>, log: impl FnOnce()) -> Vec<Value> {
        let lines = Lines::default();
        let writer = lines.clone();
        tracing::subscriber::with_default(subscriber(filter(level), move || writer.clone()), log);
        let bytes = lines.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    #[test]
    fn a_line_is_json_with_timestamp_level_and_flat_fields() {
        let lines = logged(None, || {
            let span = tracing::info_span!("record", person = "100023");
            let _entered = span.enter();
            tracing::warn!(duration_ms = 12, "parked \u{1b}[31m");
        });
        let [line] = lines.as_slice() else { panic!("{lines:?}") };
        assert_eq!(line["level"], "WARN");
        assert_eq!(line["duration_ms"], 12);
        assert_eq!(line["message"], "parked \u{1b}[31m");
        assert_eq!(line["spans"][0]["person"], "100023");
        let timestamp = line["timestamp"].as_str().unwrap();
        assert!(timestamp.ends_with('Z') && timestamp.as_bytes()[10] == b'T', "{timestamp}");
    }

    #[test]
    fn the_level_is_the_one_asked_for_or_info() {
        let count = |level| {
            let log = || {
                tracing::error!("e");
                tracing::info!("i");
                tracing::debug!("d");
            };
            logged(level, log).len()
        };
        assert_eq!(count(None), 2);
        assert_eq!(count(Some("DEBUG")), 3);
        assert_eq!(count(Some("FATAL")), 1);
        assert_eq!(count(Some("lambda=error")), 1);
        assert_eq!(count(Some("=!nonsense")), 2);
    }

    #[test]
    fn libraries_that_see_personal_data_never_tell_it() {
        for level in ["TRACE", "trace", "debug", "hyper=trace"] {
            let lines = logged(Some(level), || {
                tracing::debug!(target: "aws_smithy_runtime::client", "an item");
                tracing::trace!(target: "hyper::proto", "a body");
                tracing::debug!(target: "lambda_runtime", "an event");
            });
            assert_eq!(lines, [] as [Value; 0], "{level}");
        }
    }
}
