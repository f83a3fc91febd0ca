//! Filters: refusals and precedence.

use super::*;
use crate::scim::users::filter_attributes;

fn world() -> World {
    World::new("2026-03-02T08:00:00Z".parse().unwrap())
}

fn detail(text: &str) -> String {
    match Filter::parse(&world(), text, filter_attributes) {
        Err(Refusal::Scim { status: 400, detail }) => detail,
        other => panic!("{text}: {other:?}"),
    }
}

#[test]
fn refuses_with_the_pilots_texts() {
    for (filter, text) in [
        ("shoeSize eq \"4\"", "Unsupported attribute : shoeSize"),
        ("name eq \"x\"", "Complex attribute name. Please specify subattribute."),
        ("userName is \"x\"", "Unsupported Operator : is"),
        ("active eq true", "Argument has to be a quoted string literal : true"),
        ("(userName eq \"x\"", "Unbalanced brackets, check your filter"),
        ("userName eq \"x\" userName", "Illegal token : userName"),
        ("groups eq \"00G\" and roles eq \"00E\"", "Only one membership criteria allowed in filter."),
        ("entitlements co \"00e\"", "Unsupported comparison for entitlements field"),
    ] {
        assert_eq!(detail(filter), text, "{filter}");
    }
}

#[test]
fn and_binds_no_tighter_than_or() {
    let world = world();
    let mut user = Record::new(Object::User, crate::org::ids::Id::numbered("005", 1));
    user.set("Title", "a");
    let holds = |text: &str| Filter::parse(&world, text, filter_attributes).unwrap().holds(&world, &user);
    assert!(!holds(r#"title eq "a" or title eq "b" and title eq "c""#));
    assert!(holds(r#"title eq "a" or (title eq "b" and title eq "c")"#));
}
