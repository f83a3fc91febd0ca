//! The rules that `template.yaml` must keep, beyond what `sam validate` sees. Each rule is a function from the template
//! to its complaints. The template must get none, and each rule must complain about templates that were broken on purpose.

#[cfg(test)]
mod breakages;
#[cfg(test)]
mod document;
#[cfg(test)]
mod exports;
#[cfg(test)]
mod functions;
#[cfg(test)]
mod grants;
#[cfg(test)]
mod network;
#[cfg(test)]
mod observability;
#[cfg(test)]
mod parameters;
#[cfg(test)]
mod permissions;
#[cfg(test)]
mod queues;
#[cfg(test)]
mod tables;

/// A rule and the name that a failure shows.
#[cfg(test)]
type Rule = (&'static str, fn(&document::Template) -> Vec<String>);

#[cfg(test)]
const RULES: &[Rule] = &[
    ("queue names", queues::names),
    ("dead letters", queues::dead_letters),
    ("visibility", queues::visibility),
    ("partial failures", queues::partial_failures),
    ("writer concurrency", queues::writer_concurrency),
    ("source reads", queues::source_reads),
    ("table names", tables::names),
    ("table protection", tables::protection),
    ("table keys", tables::keys),
    ("no wildcard", permissions::no_wildcard),
    ("own role", permissions::own_role),
    ("audit append only", permissions::audit_is_append_only),
    ("only needed tables", permissions::only_needed_tables),
    ("table grants", grants::tables),
    ("queue grants", grants::queues),
    ("secret grants", grants::secrets),
    ("private network", network::private),
    ("exports", exports::arrive),
    ("log retention", observability::log_retention),
    ("alarms", observability::alarms),
    ("runbook", observability::runbook),
    ("dashboard", observability::dashboard),
    ("binaries", functions::binaries),
    ("webhook timeout", functions::webhook_timeout),
    ("schedules", functions::schedules),
    ("environment", functions::environment),
    ("secrets", functions::secrets),
    ("parameters", parameters::grouped),
    ("outputs", parameters::outputs),
];

#[test]
fn the_template_keeps_every_rule() {
    let template = document::Template::load();
    let complaints: Vec<String> = RULES
        .iter()
        .flat_map(|(name, rule)| rule(&template).into_iter().map(move |complaint| format!("{name}: {complaint}")))
        .collect();
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

#[test]
fn every_rule_complains_about_what_breaks_it() {
    let template = document::Template::load();
    for breakage in breakages::ALL {
        let Some((_, rule)) = RULES.iter().find(|(name, _)| *name == breakage.rule) else {
            panic!("no rule {:?}", breakage.rule);
        };
        let before = rule(&template);
        let complaints = rule(&template.broken(breakage.at, breakage.into));
        let seen = complaints.iter().any(|found| !before.contains(found) && found.contains(breakage.says));
        assert!(
            seen,
            "{}: {} := {} should give a complaint with {:?}, gave {complaints:?}",
            breakage.rule, breakage.at, breakage.into, breakage.says
        );
    }
}

#[test]
fn every_rule_has_a_template_that_breaks_it() {
    for (name, _) in RULES {
        assert!(breakages::ALL.iter().any(|breakage| breakage.rule == *name), "no breakage for {name:?}");
    }
}
