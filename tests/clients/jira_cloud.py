"""What OAR does with Jira, done by python-jira against the stand-in: python jira_cloud.py ADDRESS USER TOKEN."""

import sys

from jira import JIRA, JIRAError

address, user, token = sys.argv[1:]
jira = JIRA(server=address, basic_auth=(user, token))

release = jira.issue("ART-1")
assert release.fields.status.name == "New", release.raw
assert [subtask.key for subtask in release.fields.subtasks] == ["ART-2", "ART-3"]

jira.assign_issue("ART-2", "qa@example.com")
assert jira.issue("ART-2").fields.assignee.accountId == "qa"
jira.transition_issue("ART-2", "In Progress")
jira.transition_issue("ART-2", "Closed")
closed = jira.issue("ART-2", expand="changelog")
assert closed.fields.status.name == "Closed"
assert closed.changelog.histories[0].items[0].toString == "Closed"

jira.add_comment("OCPBUGS-10", "hello")
bug = jira.issue("OCPBUGS-10")
assert bug.fields.comment.comments[-1].body == "hello"
assert bug.fields.customfield_10470.emailAddress == "qa@example.com"
assert bug.fields.customfield_10847.value == "Proposed"
bug.update(fields={"labels": ["a", "b"]})
assert jira.issue("OCPBUGS-10").fields.labels == ["a", "b"]
assert len(jira.remote_links("OCPBUGS-10")) == 1

found = jira.search_issues(
    "project = OCPBUGS AND issuetype in (Bug, Vulnerability) AND status = ON_QA",
    maxResults=False,
    expand="changelog",
)
assert len(found) == 5, found


def refused(status, call, *arguments):
    try:
        call(*arguments)
    except JIRAError as error:
        assert error.status_code == status, error
    else:
        raise AssertionError(f"{status} was expected")


refused(404, jira.issue, "ART-404")
refused(403, jira.issue, "OCPBUGS-11")
refused(400, jira.search_issues, "nonsense")
print("done")
