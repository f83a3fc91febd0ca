//! The presets: files, embedded, each with the page that it follows.

use std::sync::Arc;

use super::scheme::{Scheme, scheme};
use crate::files::{At, Read as _, Sink, Tree, shape};

const PRESETS: &[(&str, &str)] = &[
    ("standard", include_str!("presets/standard.yaml")),
    ("bamboohr", include_str!("presets/bamboohr.yaml")),
    ("hibob", include_str!("presets/hibob.yaml")),
    ("personio", include_str!("presets/personio.yaml")),
    ("factorial", include_str!("presets/factorial.yaml")),
    ("deel", include_str!("presets/deel.yaml")),
    ("gusto", include_str!("presets/gusto.yaml")),
    ("merge", include_str!("presets/merge.yaml")),
    ("exact-online", include_str!("presets/exact-online.yaml")),
    ("graph", include_str!("presets/graph.yaml")),
];

/// The names of the presets.
pub fn preset_names() -> impl Iterator<Item = &'static str> {
    PRESETS.iter().map(|(name, _)| *name)
}

/// The scheme of a preset.
pub fn preset(name: &str) -> Option<Scheme> {
    let (_, text) = PRESETS.iter().find(|(known, _)| *known == name)?;
    read(name, text, &mut Sink::default())
}

/// Reads the file of a preset.
pub(super) fn read(name: &str, text: &str, sink: &mut Sink) -> Option<Scheme> {
    let file: Arc<str> = format!("presets/{name}.yaml").into();
    let tree = Tree::parse(&file, text).map_err(|finding| sink.0.push(finding)).ok()?;
    scheme(&At::<shape::Scheme>::read(&tree, sink)?, sink)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_preset_is_a_scheme_and_names_the_page_that_it_follows() {
        for (name, text) in PRESETS {
            let mut sink = Sink::default();
            assert!(read(name, text, &mut sink).is_some(), "{name}: {:?}", sink.0);
            assert!(sink.0.is_empty(), "{name}: {:?}", sink.0);
            assert!(text.starts_with("# ") && text.contains("# Source: https://"), "{name}");
            assert!(text.contains("# Verified: "), "{name}");
        }
    }
}
