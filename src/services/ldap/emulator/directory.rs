//! The entries, and which of them a search finds.

use lber::structure::StructureTag;
use serde_json::Value;

use super::{
    SERVICE, SUCCESS, UNWILLING,
    ber::{self, Filter, Scope, Search},
};
use crate::{services::emulate::document, sim::state::SimState};

const BASE: &str = "dc=redhat,dc=com";
const NO_SUCH_OBJECT: i64 = 32;
const TOO_MANY: i64 = 4;

/// The number of the last message of a search.
const DONE: u64 = 5;

type Attributes = Vec<(String, Vec<String>)>;

/// Returns the entries that were found and how the search ended.
pub(super) fn answer(state: &SimState, search: &Search) -> Vec<StructureTag> {
    let is_itself = search.base.is_empty() && search.scope == Scope::Base;
    if is_itself && matches!(&search.filter, Filter::Present(name) if is(name, "objectClass")) {
        let entry = ber::entry("", &chosen(search, itself()));
        return vec![entry, ber::result(DONE, SUCCESS, "")];
    }
    let Filter::Equal(attribute, value) = &search.filter else {
        return vec![unwilling("only for an equal value")];
    };
    let known = ["rhatPrimaryMail", "uid", "memberOf"];
    if !known.iter().any(|name| is(attribute, name)) {
        return vec![unwilling("not for this attribute")];
    }
    if search.scope == Scope::Base {
        return vec![unwilling("only in everything below the base")];
    }
    if !is(&search.base, BASE) {
        return vec![ber::result(DONE, NO_SUCH_OBJECT, "")];
    }
    let people = document(state, SERVICE)["people"].take();
    let people = people.as_object().cloned().unwrap_or_default();
    let entries = people
        .iter()
        .map(|(uid, person)| (dn(uid), entry(uid, person)));
    let mut found: Vec<_> = entries
        .filter(|(_, attributes)| {
            let mut values = attributes
                .iter()
                .filter(|(name, _)| is(name, attribute))
                .flat_map(|(_, values)| values);
            values.any(|known| is(known, value))
        })
        .map(|(name, attributes)| ber::entry(&name, &chosen(search, attributes)))
        .collect();
    let is_cut = search.most > 0 && found.len() > search.most;
    if is_cut {
        found.truncate(search.most);
    }
    let code = if is_cut { TOO_MANY } else { SUCCESS };
    found.push(ber::result(DONE, code, ""));
    found
}

/// What the directory says of itself.
fn itself() -> Attributes {
    let one = |name: &str, value: &str| (name.to_owned(), vec![value.to_owned()]);
    vec![
        one("objectClass", "top"),
        one("namingContexts", BASE),
        one("supportedLDAPVersion", "3"),
        one("vendorName", "stand-in"),
    ]
}

fn entry(uid: &str, person: &Value) -> Attributes {
    let text = |key: &str| person[key].as_str().map(str::to_owned);
    let one = |name: &str, value: Option<String>| Some((name.to_owned(), vec![value?]));
    // A manager is somebody here by the short name, or anybody by the long one.
    let manager = text("manager").map(|name| match name.contains('=') {
        true => name,
        false => dn(&name),
    });
    let groups = person["groups"].as_array().into_iter().flatten();
    let groups: Vec<_> = groups
        .filter_map(Value::as_str)
        .map(|group| format!("cn={group},ou=adhoc,ou=managedGroups,{BASE}"))
        .collect();
    let attributes = [
        one("objectClass", Some("inetOrgPerson".to_owned())),
        one("uid", Some(uid.to_owned())),
        one("cn", text("name")),
        one("rhatPrimaryMail", text("mail")),
        one("manager", manager),
        Some(("memberOf".to_owned(), groups)).filter(|(_, groups)| !groups.is_empty()),
    ];
    attributes.into_iter().flatten().collect()
}

/// The attributes that were asked for: all without a wish, none for the wish `1.1`.
fn chosen(search: &Search, attributes: Attributes) -> Attributes {
    let wishes = &search.attributes;
    let wants_all = wishes.is_empty() || wishes.iter().any(|wish| wish == "*");
    let wanted = attributes
        .into_iter()
        .filter(|(name, _)| wants_all || wishes.iter().any(|wish| is(wish, name)));
    wanted
        .map(|(name, values)| match search.has_names_only {
            true => (name, Vec::new()),
            false => (name, values),
        })
        .collect()
}

fn dn(uid: &str) -> String {
    format!("uid={uid},ou=users,{BASE}")
}

fn is(one: &str, other: &str) -> bool {
    one.eq_ignore_ascii_case(other)
}

fn unwilling(reason: &str) -> StructureTag {
    ber::result(DONE, UNWILLING, reason)
}
