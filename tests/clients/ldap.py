"""What OAR does with the directory, done by ldap3 against the stand-in: python ldap.py PORT."""

import sys

from ldap3 import ALL, ALL_ATTRIBUTES, BASE, Connection, Server
from ldap3.core.exceptions import LDAPInvalidCredentialsResult, LDAPUnwillingToPerformResult
from ldap3.utils.conv import escape_filter_chars

server = Server("127.0.0.1", port=int(sys.argv[1]), get_info=ALL)
base = "dc=redhat,dc=com"


def search(link, text, attributes):
    link.search(base, text, attributes=attributes)
    return link.entries


with Connection(server, auto_bind=True) as link:
    assert server.info.naming_contexts == [base], server.info
    entries = search(link, "(rhatPrimaryMail=qa1@example.com)", ["manager"])
    assert [entry.manager.value for entry in entries] == [f"uid=boss1,ou=users,{base}"]
    entries = search(link, "(uid=boss1)", ["rhatPrimaryMail"])
    assert [entry.rhatPrimaryMail.value for entry in entries] == ["boss1@example.com"]
    group = f"cn=team,ou=adhoc,ou=managedGroups,{base}"
    entries = search(link, f"(memberOf={group})", ["rhatPrimaryMail"])
    mails = sorted(entry.rhatPrimaryMail.value for entry in entries)
    assert mails == ["o(d)d*\\@example.com", "qa1@example.com"], mails
    odd = escape_filter_chars("o(d)d*\\@example.com")
    (entry,) = search(link, f"(rhatPrimaryMail={odd})", [ALL_ATTRIBUTES])
    assert entry.uid.value == "qa2" and "manager" not in entry, entry
    assert entry.entry_dn == f"uid=qa2,ou=users,{base}"
    assert search(link, "(uid=nobody)", ["rhatPrimaryMail"]) == []
    assert link.search("dc=elsewhere", "(uid=qa1)") is False
    assert link.result["description"] == "noSuchObject", link.result


def refused(kind, act):
    try:
        act()
    except kind:
        return
    raise AssertionError(f"{kind.__name__} was expected")


link = Connection(server, auto_bind=True, raise_exceptions=True)
refused(LDAPUnwillingToPerformResult, lambda: link.search(base, "(uid=qa*)"))
refused(LDAPUnwillingToPerformResult, lambda: link.search(base, "(cn=Qa One)"))
refused(LDAPUnwillingToPerformResult, lambda: link.search(base, "(uid=qa1)", search_scope=BASE))
refused(LDAPUnwillingToPerformResult, lambda: link.delete(f"uid=qa1,ou=users,{base}"))
refused(LDAPUnwillingToPerformResult, lambda: link.compare(f"uid=qa1,ou=users,{base}", "uid", "qa1"))
named = Connection(server, user="uid=qa1", password="x", raise_exceptions=True)
refused(LDAPInvalidCredentialsResult, named.bind)
link.unbind()
print("done")
