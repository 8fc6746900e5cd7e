"""Uses the stand-in of GitHub as programs with PyGithub do. The address is the one argument."""

import sys

from github import Auth, Github, GithubException, UnknownObjectException

BRANCH = "z-stream"
PATH = "_releases/4.20/statebox/4.20.1.yaml"


def expect_error(status, call):
    try:
        call()
    except GithubException as error:
        assert error.status == status, (error.status, error.data)
        return error
    raise AssertionError(f"no error {status}")


base = sys.argv[1]
client = Github(base_url=base, auth=Auth.Token("a-token"), retry=None)

assert client.get_user().login == "release-lead"
assert client.get_rate_limit().resources.core.remaining == 5000

repository = client.get_repo("openshift/release-tests")
assert repository.default_branch == "main"
assert repository.permissions.push

# Reading.
tip = repository.get_branch(BRANCH).commit.sha
assert repository.get_git_ref(f"heads/{BRANCH}").object.sha == tip
names = [entry.path for entry in repository.get_contents("_releases", ref=BRANCH)]
assert names == ["_releases/4.20"], names
try:
    repository.get_contents(PATH, ref=BRANCH)
    raise AssertionError("there is no such file yet")
except UnknownObjectException:
    pass

# Creating, which works once.
text = "release: 4.20.1\nnote: für alle\n"
made = repository.create_file(PATH, "Initialize StateBox for release 4.20.1", text, branch=BRANCH)
assert made["content"].path == PATH
error = expect_error(422, lambda: repository.create_file(PATH, "again", text, branch=BRANCH))
assert "sha" in error.data["message"]
expect_error(404, lambda: repository.create_file(PATH, "nowhere", text, branch="nothing"))

# Updating, with the name of what is there.
read = repository.get_contents(PATH, ref=BRANCH)
assert read.decoded_content.decode() == text
assert read.sha == made["content"].sha
update = "release: 4.20.1\n"
done = repository.update_file(PATH, "Update task: take-ownership", update, read.sha, branch=BRANCH)
assert repository.get_branch(BRANCH).commit.sha == done["commit"].sha
error = expect_error(
    409, lambda: repository.update_file(PATH, "stale", text, read.sha, branch=BRANCH)
)
assert "does not match" in error.data["message"]

# The history, newest first, also over pages.
commits = list(repository.get_commits(sha=BRANCH, path=PATH))
subjects = [commit.commit.message for commit in commits]
assert subjects == ["Update task: take-ownership", "Initialize StateBox for release 4.20.1"]
assert commits[0].author.login == "release-lead"
assert commits[0].parents[0].sha == commits[1].sha
assert repository.get_commit(commits[0].sha).files[0].filename == PATH
small = Github(base_url=base, auth=Auth.Token("a-token"), per_page=1, retry=None)
paged = small.get_repo("openshift/release-tests").get_commits(sha=BRANCH)
assert [commit.sha for commit in paged] == [commit.sha for commit in commits]

# A token that only reads, and none.
reader = Github(base_url=base, auth=Auth.Token("reader-token"), retry=None)
theirs = reader.get_repo("openshift/release-tests")
assert not theirs.permissions.push
error = expect_error(
    403, lambda: theirs.update_file(PATH, "no", text, done["content"].sha, branch=BRANCH)
)
assert error.data["message"] == "Resource not accessible by personal access token"
nobody = Github(base_url=base, retry=None).get_repo("openshift/release-tests")
expect_error(401, lambda: nobody.create_file("new", "no", text, branch=BRANCH))
assert nobody.get_contents(PATH, ref=BRANCH).decoded_content.decode() == update

# Discovery, as the Python tool asks for it.
query = """
query($owner: String!, $name: String!) {
  repository(owner: $owner, name: $name) {
    object(expression: "z-stream:_releases") {
      ... on Tree { entries { name type object {
        ... on Tree { entries { name type object { ... on Blob { text } } } } } } }
    }
  }
}
"""
variables = {"owner": "openshift", "name": "release-tests"}
_, answer = client.requester.graphql_query(query, variables)
folders = answer["data"]["repository"]["object"]["entries"]
assert [(folder["name"], folder["type"]) for folder in folders] == [("4.20", "tree")]
inside = {entry["name"]: entry for entry in folders[0]["object"]["entries"]}
assert inside["4.20.z.yaml"]["object"]["text"] == "releases: {}\n"
assert inside["statebox"]["type"] == "tree"

# Removing.
repository.delete_file(PATH, "Delete it", done["content"].sha, branch=BRANCH)
expect_error(404, lambda: repository.get_contents(PATH, ref=BRANCH))

print("done")
