"""Uses the stand-in of GitLab as programs with python-gitlab do. The address is the one argument."""

import sys

# This file has the name of the library, whose place is elsewhere.
sys.path.pop(0)

import gitlab  # noqa: E402
import yaml  # noqa: E402

PROJECT = "hybrid-platforms/art/ocp-shipment-data"


def expect_error(status, call):
    try:
        call()
    except gitlab.exceptions.GitlabError as error:
        assert error.response_code == status, (error.response_code, error.error_message)
        return error
    raise AssertionError(f"no error {status}")


base = sys.argv[1].rstrip("/")

# Who we are.
stranger = gitlab.Gitlab(base, private_token="wrong", retry_transient_errors=False)
expect_error(401, stranger.auth)
client = gitlab.Gitlab(base, private_token="simulated-gitlab-token")
client.auth()
me = client.user.username
assert me == "oar-bot"
assert [user.username for user in client.users.list(search="lead@example.com")] == ["lead"]
assert client.users.list(search="nobody@example.com") == []

# The merge request and its files.
project = client.projects.get(PROJECT)
assert project.http_url_to_repo.endswith("ocp-shipment-data.git")
project = client.projects.get(project.id)
expect_error(404, lambda: client.projects.get("no/such"))
expect_error(404, lambda: project.mergerequests.get(1))
request = project.mergerequests.get(901)
assert request.state == "opened" and request.title.startswith("Shipment for 4.20.1")
assert request.diff_refs["head_sha"] == request.sha
paths = [change["new_path"] for change in request.changes()["changes"]]
diffs = client.http_list(f"/projects/{project.id}/merge_requests/901/diffs", get_all=True, per_page=2)
assert len(paths) == 5 and paths == [diff["new_path"] for diff in diffs]
bugs = 0
for path in paths:
    file = project.files.get(path, ref=request.source_branch)
    text = file.decode().decode("utf-8")
    assert project.files.raw(path, ref=request.sha).decode("utf-8") == text
    notes = yaml.safe_load(text)["shipment"].get("data", {}).get("releaseNotes", {})
    bugs += len(notes.get("issues", {}).get("fixed") or [])
assert bugs > 20, bugs
expect_error(404, lambda: project.files.get("nothing.yaml", ref="main"))
tree = project.repository_tree(ref=request.source_branch, recursive=True, get_all=True, per_page=3)
assert set(paths) <= {entry["path"] for entry in tree}
keyset = project.repository_tree(
    ref=request.source_branch, recursive=True, get_all=True, per_page=3, pagination="keyset")
assert [entry["path"] for entry in keyset] == [entry["path"] for entry in tree]

# Pipelines, page by page.
pipelines = request.pipelines.list()
details = project.pipelines.get(pipelines[0].id)
assert details.status == "running"
jobs = details.jobs.list(get_all=True, per_page=2)
assert len(jobs) == 5, len(jobs)
stages = {bridge.stage: bridge.status for bridge in details.bridges.list(get_all=True, per_page=1)}
assert stages == {"stage-release-triggers": "created", "prod-release-triggers": "created"}, stages

# Comments.
note = request.notes.create({"body": f"QE Release Lead is @{me}"})
assert note.author["username"] == me
for number in range(25):
    request.notes.create({"body": f"note {number}"})
assert len(request.notes.list()) == 20
assert len(request.notes.list(get_all=True)) == 26
expect_error(400, lambda: request.notes.create({"body": ""}))

# Labels.
request.labels.append("stage-testing-success")
request.save()
assert "stage-testing-success" in project.mergerequests.get(901).labels

# Approvals change what the library keeps of the merge request, so this is noted first.
head, source = request.sha, request.source_branch

# Approvals: not of a head that is gone, not twice.
expect_error(409, lambda: request.approve(sha="0" * 40))
assert me in [entry["user"]["username"] for entry in request.approve(sha=head)["approved_by"]]
expect_error(401, request.approve)
approvals = request.approvals.get()
assert approvals.user_has_approved and approvals.approvals_left == 2
request.unapprove()
assert not request.approvals.get().user_has_approved
expect_error(404, request.unapprove)

# A push moves the head; a second merge request takes the bug out.
branch = "drop-bugs-for-4.20.1"
project.commits.create({
    "branch": branch,
    "start_branch": source,
    "commit_message": "drop bugs from shipment yaml files",
    "actions": [{"action": "update", "file_path": paths[0], "content": "shipment:\n"}],
})
other = project.mergerequests.create({
    "source_branch": branch, "target_branch": source, "title": "4.20.1 drop bugs"})
assert other.merge_status == "checking"
found = project.mergerequests.list(search="drop bugs", state="opened")
assert [entry.iid for entry in found] == [other.iid]
assert [entry.iid for entry in client.mergerequests.list(search="drop bugs", state="opened")] == [other.iid]
other.merge(merge_when_pipeline_succeeds=True)
assert project.mergerequests.get(other.iid).state == "merged"
assert project.mergerequests.get(901).sha != head
expect_error(409, lambda: request.approve(sha=head))

# Closed is not merged.
request = project.mergerequests.get(901)
request.state_event = "close"
request.save()
assert project.mergerequests.get(901).state == "closed"
