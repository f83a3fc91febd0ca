//! The language: what is read, what is refused and with which words, and that escaping round-trips.

use proptest::prelude::*;
use serde_json::Value as Json;

use super::eval::{Answer, run};
use super::parser::parse;
use crate::org::Org;
use crate::org::value::Value;

const BASE: &str = "/services/data/v66.0";

fn org() -> Org {
    Org::sample("2026-03-02T08:00:00Z".parse().unwrap())
}

fn rows(org: &Org, query: &str) -> Vec<Json> {
    match run(&org.world.state, BASE, query) {
        Ok(Answer::Rows(rows)) => rows,
        other => panic!("{query}: {other:?}"),
    }
}

fn names(org: &Org, query: &str) -> Vec<String> {
    rows(org, query).iter().map(|row| row["LastName"].as_str().unwrap_or_default().to_owned()).collect()
}

fn count(org: &Org, condition: &str) -> usize {
    match run(&org.world.state, BASE, &format!("select count() from User where {condition}")) {
        Ok(Answer::Count(count)) => count,
        other => panic!("{condition}: {other:?}"),
    }
}

fn refused(query: &str) -> (&'static str, String) {
    let error = run(&org().world.state, BASE, query).expect_err(query);
    (error.code, error.message)
}

#[test]
fn an_unknown_object_is_refused_as_recorded() {
    let (code, message) = refused("select count() from XYZZY");
    assert_eq!(code, "INVALID_TYPE");
    let expected = "\nselect count() from XYZZY\n                    ^\nERROR at Row:1:Column:21\nsObject type 'XYZZY' is \
                    not supported. If you are attempting to use a custom object, be sure to append the '__c' after the \
                    entity name. Please reference your WSDL or the describe call for the appropriate names.";
    assert_eq!(message, expected);
}

#[test]
fn errors_name_their_kind() {
    for (query, code) in [
        ("SELECT Nope FROM User", "INVALID_FIELD"),
        ("SELECT Profile.Nope FROM User", "INVALID_FIELD"),
        ("SELECT Nobody.Name FROM User", "INVALID_FIELD"),
        ("SELECT Id FROM User WHERE Nope = 'x'", "INVALID_FIELD"),
        ("SELECT Id FROM User WHERE IsActive = 'true'", "INVALID_FIELD"),
        ("SELECT Id FROM User WHERE Title = true", "INVALID_FIELD"),
        ("SELECT Id FROM User WHERE CreatedDate > '2026-01-01'", "INVALID_FIELD"),
        ("SELECT Id FROM User WHERE Id = 'abc'", "INVALID_QUERY_FILTER_OPERATOR"),
        ("SELECT Id FROM User WHERE Id LIKE '005%'", "INVALID_QUERY_FILTER_OPERATOR"),
        ("SELECT Id FROM User OFFSET 2001", "NUMBER_OUTSIDE_VALID_RANGE"),
        ("SELECT Id FROM User ORDER BY Nope", "INVALID_FIELD"),
        ("SELECT (SELECT Id FROM Nope) FROM User", "INVALID_TYPE"),
        ("SELECT FROM User", "MALFORMED_QUERY"),
        ("SELECT Id", "MALFORMED_QUERY"),
        ("SELECT Id FROM User WHERE", "MALFORMED_QUERY"),
        ("SELECT Id FROM User WHERE Title = 'it's'", "MALFORMED_QUERY"),
        ("SELECT Id FROM User WHERE Title = 'open", "MALFORMED_QUERY"),
        ("SELECT Id FROM User WHERE Title = '\\q'", "MALFORMED_QUERY"),
        ("SELECT Id FROM User WHERE (Title = 'a'", "MALFORMED_QUERY"),
        ("SELECT Id FROM User WHERE Title = 'a' AND Title = 'b' OR Title = 'c'", "MALFORMED_QUERY"),
        ("SELECT Id FROM User WHERE Title IN ()", "MALFORMED_QUERY"),
        ("SELECT Id FROM User LIMIT x", "MALFORMED_QUERY"),
        ("SELECT Id FROM User; DROP", "MALFORMED_QUERY"),
    ] {
        assert_eq!(refused(query).0, code, "{query}");
    }
}

#[test]
fn text_ignores_case_but_federation_identifier_and_ids_do_not() {
    let mut org = org();
    org.admin().set("p.bakker@sample.example", "FederationIdentifier", "Abc1").unwrap();
    assert_eq!(count(&org, "LastName = 'BAKKER'"), 1);
    assert_eq!(count(&org, "Username = 'P.Bakker@Sample.Example'"), 1);
    assert_eq!(count(&org, "FederationIdentifier = 'Abc1'"), 1);
    assert_eq!(count(&org, "FederationIdentifier = 'abc1'"), 0);
    let id = org.user("p.bakker@sample.example").unwrap().id;
    assert_eq!(count(&org, &format!("Id = '{id}'")), 1);
    assert_eq!(count(&org, &format!("Id = '{}'", id.short())), 1);
    assert_eq!(count(&org, &format!("Id = '{}'", id.short().to_uppercase())), 0);
}

#[test]
fn null_differs_from_every_value() {
    let org = org();
    let all = count(&org, "Id != null");
    let with_number = count(&org, "EmployeeNumber != null");
    assert_eq!(with_number, 3);
    assert_eq!(count(&org, "EmployeeNumber = null"), all - 3);
    assert_eq!(count(&org, "EmployeeNumber != '900001'"), all - 1);
    assert_eq!(count(&org, "EmployeeNumber NOT IN ('900001', '900002')"), all - 2);
    assert_eq!(count(&org, "EmployeeNumber > '900001'"), 2);
    assert_eq!(count(&org, "EmployeeNumber = ''"), all - 3);
}

#[test]
fn conditions_combine() {
    let org = org();
    assert_eq!(
        names(&org, "SELECT LastName FROM User WHERE LastName IN ('Bakker','Visser') ORDER BY LastName DESC"),
        ["Visser", "Bakker"]
    );
    assert_eq!(count(&org, "(LastName = 'Bakker' OR LastName = 'Visser') AND Department = 'Sales'"), 1);
    assert_eq!(count(&org, "NOT (LastName = 'Bakker' OR LastName = 'Visser') AND EmployeeNumber != null"), 1);
    assert_eq!(count(&org, "CreatedDate >= 2026-03-02T08:00:00Z AND EmployeeNumber != null"), 3);
    assert_eq!(count(&org, "CreatedDate > 2026-03-02T09:00:00.000+01:00 AND EmployeeNumber != null"), 0);
    assert_eq!(count(&org, "Profile.UserLicense.Name = 'Salesforce' AND IsActive = true"), 5);
    assert_eq!(count(&org, "User.LastName = 'Bakker'"), 1);
}

#[test]
fn like_has_two_wildcards_and_their_escapes() {
    let mut org = org();
    org.admin().set("p.bakker@sample.example", "Title", "100% sales_lead").unwrap();
    for (pattern, matches) in [
        ("100%", 1),
        ("100\\%%", 1),
        ("100\\% sales\\_lead", 1),
        ("100__sales_lead", 1),
        ("100\\_%", 0),
        ("%LEAD", 1),
        ("%", 1),
        ("_", 0),
    ] {
        assert_eq!(count(&org, &format!("Title LIKE '{pattern}'")), matches, "{pattern}");
    }
}

#[test]
fn relationships_nest_and_vanish() {
    let org = org();
    let query = "SELECT Id, Profile.Name, Profile.UserLicense.Name, UserRole.Name FROM User WHERE LastName = 'Bakker'";
    let row = &rows(&org, query)[0];
    assert_eq!(row["Profile"]["Name"], "Standard User");
    assert_eq!(row["Profile"]["attributes"]["type"], "Profile");
    assert_eq!(row["Profile"]["UserLicense"]["Name"], "Salesforce");
    assert_eq!(row["UserRole"], Json::Null);
    // Some of the platform's users have a profile id behind which nothing can be read.
    let row = &rows(&org, "SELECT ProfileId, Profile.Name FROM User WHERE LastName = 'Process'")[0];
    assert!(row["ProfileId"].is_string());
    assert_eq!(row["Profile"], Json::Null);
}

#[test]
fn children_and_semi_joins() {
    let mut org = org();
    org.admin().assign("p.bakker@sample.example", crate::Object::PermissionSet, "Mobile_User").unwrap();
    let query = "SELECT Id, (SELECT PermissionSet.Name FROM PermissionSetAssignments WHERE \
                 PermissionSet.IsOwnedByProfile = false) FROM User WHERE EmployeeNumber != null ORDER BY EmployeeNumber";
    let found = rows(&org, query);
    let children = &found[0]["PermissionSetAssignments"];
    assert_eq!(children["totalSize"], 1);
    assert_eq!(children["records"][0]["PermissionSet"]["Name"], "Mobile_User");
    assert_eq!(found[1]["PermissionSetAssignments"], Json::Null);
    let semi = "Id IN (SELECT AssigneeId FROM PermissionSetAssignment WHERE PermissionSet.Name = 'Mobile_User')";
    assert_eq!(count(&org, semi), 1);
}

#[test]
fn nulls_come_first_unless_asked() {
    let org = org();
    let first = |order: &str| {
        rows(&org, &format!("SELECT EmployeeNumber FROM User ORDER BY EmployeeNumber {order} LIMIT 1"))[0]["EmployeeNumber"]
            .clone()
    };
    assert_eq!(first(""), Json::Null);
    assert_eq!(first("ASC NULLS LAST"), "900001");
    assert_eq!(first("DESC NULLS LAST"), "900003");
}

/// Escapes a text for a SOQL literal, independently of the lexer.
fn escape(text: &str) -> String {
    let mut out = String::new();
    for ch in text.chars() {
        match ch {
            '\'' => out.push_str("\\'"),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '"' => out.push_str("\\\""),
            ch => out.push(ch),
        }
    }
    out
}

proptest! {
    #[test]
    fn any_text_can_be_looked_up(text in "[^\u{0}-\u{8}\u{b}\u{c}\u{e}-\u{1f}]{1,40}") {
        let mut org = org();
        org.admin().set("p.bakker@sample.example", "Department", Value::Text(text.clone())).unwrap();
        let found = names(&org, &format!("SELECT LastName FROM User WHERE Department = '{}'", escape(&text)));
        prop_assert_eq!(found, ["Bakker"]);
    }

    #[test]
    fn like_of_an_escaped_text_finds_exactly_it(text in "[a-c%_\\\\']{1,12}", other in "[a-c%_\\\\']{1,12}") {
        let mut org = org();
        org.admin().set("p.bakker@sample.example", "Department", Value::Text(other.clone())).unwrap();
        let pattern = escape(&text).replace('%', "\\%").replace('_', "\\_");
        let found = count(&org, &format!("Department LIKE '{pattern}'"));
        prop_assert_eq!(found, usize::from(text == other));
    }

    #[test]
    fn no_input_breaks_the_parser(text in "\\PC{0,60}") {
        let _ = parse(&text);
        let _ = parse(&format!("SELECT Id FROM User WHERE {text}"));
    }
}
