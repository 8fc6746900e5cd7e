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

made = jira.create_issue(
    project="CVP",
    summary="[4.20.1] Greenwave CVP test failures in advisories",
    description="one build failed",
    issuetype={"name": "Bug"},
    priority={"name": "Blocker"},
)
assert made.key == "CVP-501", made.raw
assert made.fields.priority.name == "Blocker"
again = jira.search_issues('project = "CVP" AND summary ~ "4.20.1 Greenwave CVP test failures in advisories"')
assert [issue.key for issue in again] == ["CVP-501"], again
assert [version.name for version in jira.project_versions("OCPBUGS")] == ["4.19.z", "4.20.z"]
bug.update(update={"labels": [{"add": "c"}, {"remove": "a"}]})
assert jira.issue("OCPBUGS-10").fields.labels == ["b", "c"]


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
refused(400, jira.search_issues, "project = OCPBUGS AND 'Target Version' in (4.20.z, 9.99.z)")
refused(404, jira.project, "NOPE")
print("done")
