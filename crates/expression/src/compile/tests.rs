use std::borrow::Cow;
use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::scope::Lookups;

fn person() -> Value {
    json!({
        "id": "100023",
        "name": { "givenName": "Johannes", "nickName": "Jan", "familyName": "Vries", "familyNamePrefix": "de",
                  "partnerName": "Berg", "partnerNamePrefix": "van den", "convention": "B", "initials": null },
        "contracts": [
            { "id": "c-1", "startDate": "2026-01-01", "fte": 1.0, "department": { "id": "SALES" } },
            { "id": "c-2", "startDate": "2024-01-01", "endDate": "2025-06-30", "fte": 0.5 }
        ],
        "custom": { "number": 42, "tags": ["a", "b"], "blank": " ", "flag": true }
    })
}

fn lookups() -> Lookups {
    let countries = BTreeMap::from([("NL".to_owned(), "Netherlands".to_owned()), ("42".into(), "Answer".into())]);
    Lookups::from([("countries".to_owned(), countries)])
}

fn evaluate(source: &str) -> Result<Value, String> {
    let (person, lookups) = (person(), lookups());
    let scope = Scope::new()
        .with("person", Cow::Borrowed(&person))
        .with("today", Cow::Owned(json!("2026-01-31")))
        .with_lookups(&lookups);
    let expression = Expression::compile(source).map_err(|error| error.to_string())?;
    expression.evaluate(&scope).map_err(|error| error.to_string())
}

fn variables() -> Variables {
    let department = Type::record([("id", Type::Text), ("name", Type::Text)]);
    let contract = Type::record([
        ("id", Type::Text),
        ("startDate", Type::Text),
        ("fte", Type::Number),
        ("department", department),
        ("custom", Type::map(Type::Any)),
    ]);
    let person =
        Type::record([("id", Type::Text), ("contracts", Type::list(contract.clone())), ("blocked", Type::Bool)]);
    Variables::new()
        .with("person", person)
        .with("contract", contract)
        .with("today", Type::Text)
        .with_tables(["countries"])
}

fn check(source: &str) -> Result<Type, String> {
    let expression = Expression::compile(source).map_err(|error| error.to_string())?;
    expression
        .check(&variables())
        .map_err(|errors| errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
}

#[test]
fn what_configuration_needs() {
    for (source, expected) in [
        ("person.contracts[0].department.id == 'SALES'", json!(true)),
        ("person.contracts.exists(c, c.department.id == 'SALES' && c.fte > 0.8)", json!(true)),
        ("person.contracts.filter(c, has(c.endDate)).map(c, c.id)", json!(["c-2"])),
        ("person.contracts.all(c, c.startDate <= today)", json!(true)),
        ("person.contracts.exists_one(c, c.fte == 1)", json!(true)),
        ("lower(person.name.nickName) + '.' + slug(familyName(person), '')", json!("jan.devries")),
        ("person.name.nickName.lower()", json!("jan")),
        ("displayName(person.name)", json!("Jan de Vries")),
        ("familyName(person, 'PB')", json!("van den Berg - de Vries")),
        ("nickName(person)", json!("Jan")),
        ("truncate('Ørsted', 2)", json!("Ør")),
        ("replace('a-b-c', '-', '')", json!("abc")),
        ("join([person.name.nickName, null, '', 7], '.')", json!("Jan.7")),
        ("split('a@b', '@')[1]", json!("b")),
        ("matches(person.id, '^[0-9]{6}$')", json!(true)),
        ("first(person.custom.blank, person.custom.none, 'x')", json!("x")),
        ("coalesce(person.custom.none, person.custom.blank)", json!(" ")),
        ("lookup('countries', 'NL')", json!("Netherlands")),
        ("lookup('countries', person.custom.number)", json!("Answer")),
        ("lookup('countries', 'XX', 'elsewhere')", json!("elsewhere")),
        ("lookup('countries', person.custom.none)", json!(null)),
        ("daysBetween('2026-01-01', today)", json!(30)),
        ("addDays(today, -31)", json!("2025-12-31")),
        ("addDays(today, 1)", json!("2026-02-01")),
        ("string(person.contracts[0].fte)", json!("1")),
        ("int('12') + 1", json!(13)),
        ("person.contracts[0].fte * 100 + person.custom.number", json!(142.0)),
        ("7 / 2", json!(3)),
        ("7 % 2 == 1 ? 'odd' : 'even'", json!("odd")),
        ("-person.custom.number", json!(-42)),
        ("'a' in person.custom.tags && 'number' in person.custom", json!(true)),
        ("size('Ørsted') + size([1]) + size(person.custom)", json!(11)),
        ("{'a': 1}.a", json!(1)),
    ] {
        assert_eq!(evaluate(source), Ok(expected), "{source}");
    }
}

#[test]
fn absent_values_follow_one_rule() {
    for (source, expected) in [
        ("person.nothing.at.all", json!(null)),
        ("person.contracts[1].department.id", json!(null)),
        ("person.contracts[7].department.id", json!(null)),
        ("person['nothing']['more']", json!(null)),
        ("has(person.contracts[1].department.id)", json!(false)),
        ("has(person.name.initials)", json!(false)),
        ("has(person.name.nickName)", json!(true)),
        ("'a' + person.nothing", json!(null)),
        ("person.nothing * 2 - 1", json!(null)),
        ("-person.nothing", json!(null)),
        ("lower(person.nothing)", json!(null)),
        ("daysBetween(person.nothing, today)", json!(null)),
        ("person.nothing < 1 || person.nothing >= 1", json!(false)),
        ("person.nothing == null && person.nothing != 1", json!(true)),
        ("person.nothing.startsWith('x') || person.nothing.matches('x')", json!(false)),
        ("person.nothing ? 1 : 2", json!(2)),
        ("!person.nothing", json!(true)),
        ("person.nothing.exists(x, true) || 1 in person.nothing", json!(false)),
        ("person.nothing.map(x, x)", json!([])),
        ("size(person.nothing)", json!(0)),
        ("join(person.nothing, '.')", json!(null)),
        ("familyName(person.nothing)", json!(null)),
    ] {
        assert_eq!(evaluate(source), Ok(expected), "{source}");
    }
}

#[test]
fn errors_name_the_place_and_not_the_data() {
    for (source, error) in [
        ("person.id + 1", "1:11: `+` does not work on a text and a number"),
        ("'x' ==\n  lower(person.custom)", "2:8: lower needs a text as argument 1, not a record"),
        ("'ü' + (person.name.nickName < 1)", "1:29: `<` does not work on a text and a number"),
        ("person.id.field", "1:10: a text has no field `field`"),
        (
            "daysBetween(person.id, today)",
            "1:12: daysBetween needs a date as 2026-01-31 as argument 1, not another text",
        ),
        ("1 / 0", "1:3: a division by zero"),
        ("9223372036854775807 + 1", "1:21: the result of `+` is too large"),
        ("person.id ? 1 : 2", "1:7: a condition is needed, not a text"),
        ("person.id.map(x, x)", "1:7: a list is needed, not a text"),
        ("elsewhere.id", "1:1: there is no `elsewhere` here"),
        ("lookup('none', 'NL')", "1:7: there is no lookup table `none`"),
    ] {
        assert_eq!(evaluate(source), Err(error.to_owned()), "{source}");
    }
    assert_eq!(evaluate("person.id + 1 == 2 || true"), Ok(json!(true)));
    assert_eq!(evaluate("person.id + 1 == 2 && false"), Ok(json!(false)));
}

#[test]
fn what_is_not_cel_is_refused_with_its_place() {
    for (source, error) in [
        ("", "1:1: the expression is empty"),
        ("lowr(today)", "1:5: there is no function `lowr`; did you mean `lower`?"),
        ("lower()", "1:6: lower takes 1 arguments, not 0"),
        ("truncate('a', 1, 2)", "1:9: truncate takes 2 arguments, not 3"),
        ("slug('a', 'b', 'c')", "1:5: slug takes 1 to 2 arguments, not 3"),
        ("matches(today, today)", "1:16: matches needs its pattern written as a text"),
        ("matches(today, '(')", "1:16: not a usable pattern: unclosed group"),
        (
            "exists(x, true)",
            "1:7: exists is written behind a list, with a variable and an expression: list.exists(x, …)",
        ),
        ("today +", "1:8: unexpected end of the expression"),
        ("1u", "1:1: an unsigned number, as `1u` is not supported"),
        ("b'x'", "1:1: a byte string, as `b'…'` is not supported"),
        ("Person{id: 'x'}", "1:7: a typed record is not supported"),
    ] {
        assert_eq!(evaluate(source), Err(error.to_owned()), "{source}");
    }
    for source in ["1 +", "a b", "'x", "a.?b", "x[?0]", "person.id ==\n == 1", "\u{0}", "é"] {
        assert!(Expression::compile(source).is_err(), "{source}");
    }
    assert_eq!(Expression::compile("'é' 'b'").unwrap_err().position, Position { line: 1, column: 5 });
    assert_eq!(Expression::compile("today ==\n  'a' 'b'").unwrap_err().position, Position { line: 2, column: 7 });
}

#[test]
fn size_and_nesting_are_capped() {
    let nested =
        |depth: usize| (0..depth).fold("true".to_owned(), |inner, n| format!("person.contracts.exists(c{n}, {inner})"));
    assert!(Expression::compile(&nested(2)).is_ok());
    assert!(Expression::compile(&nested(3)).unwrap_err().reason.contains("3 deep"));
    assert!(Expression::compile("person.contracts.filter(a, true).map(b, b).exists(c, true)").is_ok());
    assert!(Expression::compile(&"x".repeat(MAX_SOURCE + 1)).unwrap_err().reason.contains("2048"));
    assert!(Expression::compile(r"matches(today, '(\\w{100}){100}')").unwrap_err().reason.contains("pattern"));
}

#[test]
fn work_is_bounded() {
    let list: Vec<u32> = (0..2000).collect();
    let list = json!(list);
    let scope = Scope::new().with("list", Cow::Borrowed(&list));
    let slow = Expression::compile("list.exists(a, list.exists(b, a + b < 0))").unwrap();
    assert!(slow.evaluate(&scope).unwrap_err().reason.contains("steps"));
    let text = json!("a".repeat(60_000));
    let scope = Scope::new().with("text", Cow::Borrowed(&text));
    for source in ["replace(text, 'a', text)", "text + text", "join([text, text], '')"] {
        assert!(
            Expression::compile(source).unwrap().evaluate(&scope).unwrap_err().reason.contains("grows"),
            "{source}"
        );
    }
}

#[test]
fn deep_sources_neither_overflow_the_stack_nor_pass() {
    for (open, close) in
        [("(", ")"), ("[", "]"), ("-(", ")"), ("lower(", ")"), ("{'a': ", "}"), ("!", ""), ("1 + ", ""), ("a.", "")]
    {
        for n in [20, 60, 300, 2000] {
            let n = n.min((MAX_SOURCE - 1) / (open.len() + close.len()));
            let source = format!("{}a{}", open.repeat(n), close.repeat(n));
            let compiled = Expression::compile(&source);
            assert!(n > 20 || compiled.is_ok(), "{source}: {compiled:?}");
        }
    }
    let chain = vec!["true"; 200].join(" && ");
    assert!(Expression::compile(&chain).is_ok(), "a long row of conditions is not deep");
}

#[test]
fn the_check_finds_what_can_never_work() {
    assert_eq!(check("contract.department.id == 'SALES' || person.blocked"), Ok(Type::Bool));
    assert_eq!(check("first(contract.department.name, contract.custom.text, 'x')"), Ok(Type::Any));
    assert_eq!(check("lower(first(contract.department.name, 'x')) + '@example.com'"), Ok(Type::Text));
    assert_eq!(check("person.contracts.filter(c, c.fte > 0.5)[0].department.name"), Ok(Type::Any));
    assert_eq!(check("person.contracts.exists(c, c.custom.any.thing > 3)"), Ok(Type::Bool));
    assert_eq!(check("contract.custom.number + 1"), Ok(Type::Number));
    for (source, error) in [
        ("contract.departmnt.id == 'x'", "1:9: there is no field `departmnt`; did you mean `department`?"),
        ("contract['departmnt']", "1:10: there is no field `departmnt`; did you mean `department`?"),
        ("persn.id == 'x'", "1:1: there is no `persn` here; did you mean `person`?"),
        (
            "person.contracts.exists(c, c.departement.id == 'x')",
            "1:29: there is no field `departement`; did you mean `department`?",
        ),
        ("contract.fte == '1'", "1:14: `==` compares a number with a text, which are never equal"),
        ("contract.fte > '1'", "1:14: `>` does not work on a number and a text"),
        ("contract.id + 1", "1:13: `+` does not work on a text and a number; string(…) makes a text of a number"),
        ("contract.id && true", "1:9: a condition needs a bool, not a text"),
        ("lower(contract.fte)", "1:15: lower needs a text as argument 1, not a number"),
        ("'a' in ['b'] && 1 in ['b']", "1:19: a number is never in a list whose items are each a text"),
        ("contract.id.exists(c, true)", "1:9: a list is needed, not a text"),
        ("lookup('contries', 'NL')", "1:8: there is no lookup table `contries`; did you mean `countries`?"),
        (
            "lower(1) + upper(2)",
            "1:7: lower needs a text as argument 1, not a number\n1:18: upper needs a text as argument 1, not a number",
        ),
    ] {
        assert_eq!(check(source), Err(error.to_owned()), "{source}");
    }
}

#[test]
fn bound_variables_are_not_free() {
    let free =
        |source| Expression::compile(source).unwrap().variables().into_iter().map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(free("person.contracts.exists(c, c.startDate > today)"), ["person", "today"]);
    assert_eq!(free("today.map(today, today)"), ["today"]);
    assert_eq!(free("[1].exists(today, today > 1)"), Vec::<String>::new());
}

#[test]
fn paths_are_followed_through_fields_and_written_keys() {
    let expression = Expression::compile("first(person.accounts['ad'].mail, person.contracts[0].id) + today").unwrap();
    let paths: Vec<_> = expression.paths().into_iter().map(|path| path.join("/")).collect();
    assert_eq!(paths, ["person/accounts/ad/mail", "person/contracts", "today"]);
}

#[test]
fn texts_and_conditions() {
    let scope = Scope::new();
    let text = |source| Expression::compile(source).unwrap().as_text(&scope).map_err(|error| error.reason);
    assert_eq!(text("42.0"), Ok(Some("42".into())));
    assert_eq!(text("0.5"), Ok(Some("0.5".into())));
    assert_eq!(text("null"), Ok(None));
    assert_eq!(text("[1]"), Err("a text is needed, the expression gives a list".into()));
    assert_eq!(Expression::compile("null").unwrap().as_bool(&scope), Ok(false));
    assert!(Expression::compile("'x'").unwrap().as_bool(&scope).is_err());
}

/// Our evaluator against `cel`'s own, where both have a value: same language, same answer.
fn by_cel(source: &str) -> Option<String> {
    let program = cel::Program::compile(source).ok()?;
    let mut context = cel::Context::default();
    context.add_variable_from_value("n", 3_i64);
    context.add_variable_from_value("s", "text".to_owned());
    context.add_variable_from_value("l", vec![1_i64, 2, 3]);
    program.execute(&context).ok().map(|value| plain(&value))
}

fn plain(value: &cel::Value) -> String {
    match value {
        cel::Value::Int(int) => int.to_string(),
        cel::Value::Float(float) => json!(float).to_string(),
        cel::Value::Bool(bool) => bool.to_string(),
        cel::Value::String(text) => json!(text.as_str()).to_string(),
        cel::Value::List(items) => format!("[{}]", items.iter().map(plain).collect::<Vec<_>>().join(",")),
        cel::Value::Null => "null".to_owned(),
        other => format!("{other:?}"),
    }
}

fn ours(source: &str) -> Option<String> {
    let (s, n, l) = (json!("text"), json!(3), json!([1, 2, 3]));
    let scope = Scope::new().with("s", Cow::Borrowed(&s)).with("n", Cow::Borrowed(&n)).with("l", Cow::Borrowed(&l));
    Expression::compile(source).ok()?.evaluate(&scope).ok().map(|value| value.to_string())
}

fn arbitrary_source() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("n".to_owned()),
        Just("s".to_owned()),
        Just("l".to_owned()),
        Just("true".to_owned()),
        (-9_i64..9).prop_map(|n| n.to_string()),
        (0_u8..9).prop_map(|n| format!("{n}.5")),
        "[a-c]{0,2}".prop_map(|text| format!("'{text}'")),
    ];
    leaf.prop_recursive(4, 24, 3, |inner| {
        let operator =
            proptest::sample::select(vec!["+", "-", "*", "/", "%", "<", "<=", ">", ">=", "==", "!=", "&&", "||", "in"]);
        prop_oneof![
            4 => (inner.clone(), operator, inner.clone()).prop_map(|(a, o, b)| format!("({a} {o} {b})")),
            1 => inner.clone().prop_map(|a| format!("!{a}")),
            1 => inner.clone().prop_map(|a| format!("size({a})")),
            1 => (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("[{a}, {b}]")),
            1 => (inner.clone(), inner.clone(), inner.clone()).prop_map(|(a, b, c)| format!("({a} ? {b} : {c})")),
            1 => (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("{a}.exists(x, x == {b})")),
            1 => (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("{a}.all(x, x < {b})")),
            1 => (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("{a}.map(x, [x, {b}])")),
            1 => (inner.clone(), inner).prop_map(|(a, b)| format!("{a}.filter(x, x != {b})")),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn where_cel_has_a_value_ours_is_the_same(source in arbitrary_source()) {
        if let (Some(expected), Some(found)) = (by_cel(&source), ours(&source)) {
            prop_assert_eq!(found, expected, "{}", source);
        } else if by_cel(&source).is_some() && Expression::compile(&source).is_ok() {
            prop_assert!(false, "no value of ours for {}", source);
        }
    }

    #[test]
    fn any_text_compiles_or_is_refused(source in "[-a-z0-9 .,'\"()\\[\\]{}?:!&|<>=+*/%@_\\\\\n]{0,60}") {
        if let Ok(expression) = Expression::compile(&source) {
            let _ = expression.evaluate(&Scope::new());
            let _ = expression.check(&variables());
        }
    }

    #[test]
    fn any_unicode_compiles_or_is_refused(source in "\\PC{0,40}") {
        if let Ok(expression) = Expression::compile(&source) {
            let _ = expression.evaluate(&Scope::new());
        }
    }

    #[test]
    fn any_value_is_worked_on_or_refused(
        value in proptest::sample::select(vec![json!(null), json!(true), json!(-1), json!(1.5), json!(i64::MIN), json!("text"), json!("2026-01-31"), json!([]), json!([1, "a", null]), json!({"a": 1})]),
        other in proptest::sample::select(vec![json!(null), json!(0), json!(u64::MAX), json!("a"), json!(["a"]), json!({"name": {}})]),
        function in proptest::sample::select(crate::function_names().collect::<Vec<_>>()),
    ) {
        let scope = Scope::new().with("a", Cow::Borrowed(&value)).with("b", Cow::Borrowed(&other));
        for source in [format!("{function}(a)"), format!("{function}(a, b)"), format!("{function}(a, b, a)")] {
            if let Ok(expression) = Expression::compile(&source) {
                let first = expression.evaluate(&scope);
                prop_assert_eq!(expression.evaluate(&scope), first);
            }
        }
    }
}
