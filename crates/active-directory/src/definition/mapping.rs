//! The mapping part of a definition is the same for every source, so `sources` reads it. It reads definitions of files
//! only; to it, this one is shown as that of a file of JSON rows, with every line where it was.

use sources::{Definition, Input, Mapping, Problem};

/// Reads the mapping.
pub(super) fn parse(file: &str, yaml: &str) -> Result<Mapping, Vec<Problem>> {
    match Definition::parse(file, &without_directory(yaml))?.input {
        Input::File { mapping, .. } => Ok(mapping),
        _ => {
            let reason = "active-directory stands for itself; no other input belongs beside it".to_owned();
            Err(vec![Problem { file: file.to_owned(), line: 1, column: 1, reason }])
        }
    }
}

/// Blanks out `active-directory` and what belongs to it: all lines up to the next one that begins a key.
fn without_directory(yaml: &str) -> String {
    let mut inside = false;
    let mut kept = String::with_capacity(yaml.len() + 32);
    for line in yaml.lines() {
        if line.starts_with(|c: char| c.is_alphabetic() || c == '"' || c == '\'') {
            inside = line.trim_start_matches(['"', '\'']).starts_with("active-directory");
        }
        if !inside {
            kept.push_str(line);
        }
        kept.push('\n');
    }
    kept.push_str("file: { format: jsonl }\n");
    kept
}

#[cfg(test)]
mod tests {
    use super::without_directory;

    #[test]
    fn every_other_line_stays_where_it_is() {
        let yaml = "# head\nactive-directory:\n  base: x\n\n  # note\n  ca: |\n    y\nperson:\n  id: row.key\n";
        let expected = "# head\n\n\n\n\n\n\nperson:\n  id: row.key\nfile: { format: jsonl }\n";
        assert_eq!(without_directory(yaml), expected);
        let flow = "person: { id: row.key }\n\"active-directory\": {\n  base: x\n}\n";
        assert_eq!(without_directory(flow), "person: { id: row.key }\n\n\n\nfile: { format: jsonl }\n");
    }
}
