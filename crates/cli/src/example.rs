//! The example configuration, compiled in: the same files as in infra/config.

use std::sync::Arc;

use anyhow::anyhow;
use include_dir::{Dir, include_dir};
use policy::Configuration;

static FILES: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/../../infra/config");

/// The example configuration.
///
/// # Errors
/// What is wrong with it; its test says nothing is.
pub(crate) fn configuration() -> anyhow::Result<Arc<Configuration>> {
    let mut files = Vec::new();
    collect(&FILES, &mut files);
    let configuration =
        Configuration::parse(&files).map_err(|problems| anyhow!("the built-in configuration is wrong:\n{problems}"))?;
    Ok(Arc::new(configuration))
}

fn collect(dir: &Dir<'static>, files: &mut Vec<(String, String)>) {
    for file in dir.files() {
        if let (Some(path), Some(text)) = (file.path().to_str(), file.contents_utf8()) {
            files.push((path.replace('\\', "/"), text.to_owned()));
        }
    }
    for dir in dir.dirs() {
        collect(dir, files);
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_example_configuration_is_right() {
        let configuration = super::configuration().unwrap();
        assert_eq!(configuration.warnings, []);
    }
}
