//! Every example in docs/CONFIGURATION.md is one that works: the YAML parts make a configuration, the CEL lines compile
//! against what expressions see.

#![cfg(test)]

use policy::Configuration;

fn blocks(language: &str) -> Vec<String> {
    let text = include_str!("../../../docs/CONFIGURATION.md");
    let fence = format!("```{language}\n");
    let blocks = text.split(&fence).skip(1).filter_map(|rest| rest.split("```").next());
    blocks.map(str::to_owned).collect()
}

/// Blocks that show more sources; the first block ends with those of the others.
fn more_sources() -> Vec<String> {
    blocks("yaml").iter().filter_map(|text| text.strip_prefix("sources:\n")).map(str::to_owned).collect()
}

fn files(extra: &str) -> Vec<(String, String)> {
    let whole = blocks("yaml").into_iter().filter(|text| !text.starts_with("sources:\n"));
    let mut files: Vec<_> = whole.enumerate().map(|(n, text)| (format!("{n}.yaml"), text)).collect();
    files.push(("extra.yaml".to_owned(), extra.to_owned()));
    files
}

#[test]
fn the_yaml_blocks_make_a_configuration() {
    assert_eq!(files("").len(), 8 + 1);
    let configuration = Configuration::parse(&files("")).unwrap_or_else(|problems| panic!("{problems}"));
    assert!(configuration.warnings.is_empty(), "{:?}", configuration.warnings);
}

#[test]
fn the_blocks_with_more_sources_fit_into_it() {
    assert!(more_sources().len() >= 2);
    for sources in more_sources() {
        let mut files = files("");
        files[0].1 += &sources;
        let definitions = sources.split("definition: ").skip(1).filter_map(|rest| rest.split([' ', ',', '}']).next());
        files.extend(definitions.map(|path| (path.to_owned(), String::new())));
        let configuration = Configuration::parse(&files).unwrap_or_else(|problems| panic!("{sources}\n{problems}"));
        assert!(configuration.sources.len() > 2 && configuration.warnings.is_empty(), "{:?}", configuration.warnings);
    }
}

#[test]
fn the_cel_lines_are_expressions() {
    let lines: Vec<_> =
        blocks("cel").iter().flat_map(|block| block.lines().map(str::to_owned).collect::<Vec<_>>()).collect();
    assert!(lines.len() >= 6);
    for line in lines {
        let condition = serde_json::to_string(&format!("({line}) != null")).unwrap();
        let rule = format!("rules: [{{ name: Documented, when: {condition}, role: R }}]\n");
        Configuration::parse(&files(&rule)).unwrap_or_else(|problems| panic!("{line}\n{problems}"));
    }
}

#[test]
fn every_function_and_field_is_documented() {
    let text = include_str!("../../../docs/CONFIGURATION.md");
    for name in expression::function_names() {
        assert!(text.contains(&format!("{name}(")), "{name}");
    }
    for field in domain::UserField::ALL {
        assert!(text.contains(field.api_name()), "{field:?}");
    }
}

/// Every key of the schema, and every word of a choice.
#[test]
fn every_key_is_documented() {
    let text = include_str!("../../../docs/CONFIGURATION.md");
    let mut words = Vec::new();
    collect(&policy::schema(), &mut words);
    assert!(words.len() > 80, "{words:?}");
    for word in words {
        let found = text.split(|c: char| !c.is_ascii_alphanumeric()).any(|written| written == word);
        assert!(found, "{word}");
    }
}

fn collect(schema: &serde_json::Value, words: &mut Vec<String>) {
    if let Some(fields) = schema.as_object() {
        words.extend(
            fields
                .get("properties")
                .and_then(|keys| keys.as_object())
                .into_iter()
                .flat_map(|keys| keys.keys().cloned()),
        );
        words.extend(fields.get("const").and_then(|word| word.as_str()).map(str::to_owned));
        fields.values().for_each(|field| collect(field, words));
    }
    schema.as_array().into_iter().flatten().for_each(|item| collect(item, words));
}
