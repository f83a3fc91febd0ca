//! How a command ends, as the shell sees it: 0 done, 1 failed, 2 wrong use, 3 something waits for a person.

use std::io::Write as _;
use std::process::ExitCode;

/// A command that did its work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// All is well.
    Done,
    /// Done, and it found what is wrong; it has said so itself.
    Failed,
    /// Done, but something is held, parked or refused until somebody looks at it.
    Waiting,
}

impl Ending {
    /// Waiting if anything waits.
    pub(crate) fn waiting_if(anything: bool) -> Self {
        if anything { Self::Waiting } else { Self::Done }
    }
}

/// The arguments don't fit together; says what does.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct WrongUse(pub(crate) String);

/// A wrong use as an error.
pub(crate) fn wrong_use(what: impl Into<String>) -> anyhow::Error {
    WrongUse(what.into()).into()
}

/// The exit code; an error is told on stderr.
pub(crate) fn code(result: anyhow::Result<Ending>) -> ExitCode {
    match result {
        Ok(Ending::Done) => ExitCode::SUCCESS,
        Ok(Ending::Failed) => ExitCode::from(1),
        Ok(Ending::Waiting) => ExitCode::from(3),
        // Whoever read the output has enough of it (`connector audit … | head`).
        Err(error) if is_closed_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            // Where stderr is closed too, the exit code is all that is left to say.
            drop(writeln!(std::io::stderr(), "error: {error:#}"));
            ExitCode::from(if error.is::<WrongUse>() { 2 } else { 1 })
        }
    }
}

fn is_closed_pipe(error: &anyhow::Error) -> bool {
    error.downcast_ref::<std::io::Error>().is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrong_use_is_told_apart_also_with_context() {
        let error = wrong_use("--wait needs an org").context("import");
        assert!(error.is::<WrongUse>());
        assert_eq!(code(Err(error)), ExitCode::from(2));
        assert_eq!(code(Err(anyhow::anyhow!("broken"))), ExitCode::from(1));
        assert_eq!(code(Ok(Ending::waiting_if(true))), ExitCode::from(3));
        let pipe = std::io::Error::from(std::io::ErrorKind::BrokenPipe);
        assert_eq!(code(Err(pipe.into())), ExitCode::SUCCESS);
    }
}
