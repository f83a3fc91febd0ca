//! Tables as wide as the terminal. Texts come from other systems, so whatever could steer a terminal is taken out.

use comfy_table::{ContentArrangement, Table, presets};

/// A table with a heading.
pub(crate) fn table<const N: usize>(headings: [&str; N], rows: impl IntoIterator<Item = [String; N]>) -> String {
    let mut table = Table::new();
    table.load_style(presets::UTF8_FULL_CONDENSED).set_content_arrangement(ContentArrangement::Dynamic);
    table.set_header(headings);
    for row in rows {
        table.add_row(row.map(|cell| clean(&cell)));
    }
    trim(&table.to_string())
}

/// Names and values below one another, without lines.
pub(crate) fn fields<'a>(rows: impl IntoIterator<Item = (&'a str, String)>) -> String {
    columns(rows.into_iter().map(|(name, value)| [format!("  {name}"), value]))
}

/// Columns without lines or a heading.
pub(crate) fn columns<const N: usize>(rows: impl IntoIterator<Item = [String; N]>) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    for row in rows {
        table.add_row(row.map(|cell| clean(&cell)));
    }
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    trim(&table.to_string())
}

/// The text without control characters: a name must not move the cursor or colour the screen.
pub(crate) fn clean(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

fn trim(table: &str) -> String {
    table.lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_from_outside_can_not_steer_the_terminal() {
        let shown = table(["name"], [["a\u{1b}[2Jb\nc".to_owned()]]);
        assert!(shown.contains("a\u{fffd}[2Jb\u{fffd}c"), "{shown}");
        assert!(!fields([("x", "\u{7}".to_owned())]).contains('\u{7}'));
    }
}
