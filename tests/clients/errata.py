"""Does with the Python library `errata-tool` what the release tool does with it.

errata.py ADDRESS ADVISORY OTHER, on an emulator where both advisories are in QE.
"""

import base64
import itertools
import sys
import types

import requests
from requests.auth import AuthBase

try:
    import requests_gssapi  # noqa: F401
except ImportError:
    # Only its name is needed here: there is no Kerberos for the loopback.
    stub = types.ModuleType("requests_gssapi")
    stub.HTTPSPNEGOAuth = object
    sys.modules["requests_gssapi"] = stub

try:
    from errata_tool import ErrataConnector, ErrataException, Erratum
except ImportError as error:
    print(f"{error}; to have it: pip install --no-deps errata-tool==1.32.0")
    sys.exit(77)


class Tickets(AuthBase):
    """Shows a token that nobody has seen, as GSSAPI would."""

    numbers = itertools.count(1)

    def __call__(self, request):
        token = base64.b64encode(f"python {next(self.numbers)}".encode()).decode()
        request.headers["Authorization"] = f"Negotiate {token}"
        return request


address, number, other = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
ErrataConnector._url = address
ErrataConnector._auth = Tickets()


def refused(text, act):
    try:
        act()
    except ErrataException as error:
        assert text in str(error), error
    else:
        raise AssertionError(f"{text}: was not refused")


# Without a token there is a challenge; a token is good once.
path = f"{address}/api/v1/erratum/{number}"
answer = requests.get(path)
assert answer.status_code == 401, answer.status_code
assert answer.headers["WWW-Authenticate"] == "Negotiate"
for expected in (200, 401):
    answer = requests.get(path, headers={"Authorization": "Negotiate c2FtZQ=="})
    assert answer.status_code == expected, answer.status_code

# Loading reads five documents.
erratum = Erratum(errata_id=number)
assert erratum.errata_type == "RHSA" and erratum.errata_state == "QE"
assert erratum.jira_issues == ["OCPBUGS-1", "OCPBUGS-2"], erratum.jira_issues
assert erratum.errata_builds == {"RHEL-9-OSE-4.20": ["cri-o-1.33-1.el9"]}
assert "needs_sigs" not in erratum.current_flags, erratum.current_flags
assert erratum.synopsis.startswith("Important: "), erratum.synopsis

# Ownership. The library echoes every field; the impact must not double.
erratum.update(qe_email="lead@example.com")
assert erratum.commit()
assert erratum.qe_email == "lead@example.com"
assert erratum.synopsis.count("Important: ") == 1, erratum.synopsis
assert "needs_docs" not in erratum.current_flags, erratum.current_flags
erratum.update(qe_email="stranger@example.com")
refused("assigned_to_email: stranger@example.com", erratum.commit)

# Dropping bugs, and a key that is elsewhere.
erratum = Erratum(errata_id=number)
erratum.removeJIRAIssues(["OCPBUGS-2"])
assert erratum.commit()
assert erratum.jira_issues == ["OCPBUGS-1"], erratum.jira_issues
assert "needs_docs" in erratum.current_flags, erratum.current_flags
erratum.addJiraIssues(["OCPBUGS-3"])
refused("OCPBUGS-3 is on advisory", erratum.commit)

# A push waits for what it depends on.
dependent = Erratum(errata_id=other)
refused("dependencies", dependent.push)
erratum = Erratum(errata_id=number)
jobs = erratum.push()
assert [job["target"]["name"] for job in jobs] == ["cdn_stage"], jobs
listed = erratum._get(f"/api/v1/erratum/{number}/push")
assert [job["id"] for job in listed] == [jobs[0]["id"]]
assert listed[0]["status"] == "QUEUED", listed

# Test results come in pages.
tests = erratum.externalTests(test_type="greenwave_cvp")
assert len(tests) == 25, len(tests)
assert tests[0]["relationships"]["brew_build"]["nvr"] == "image-1"

# Alerts are computed anew, and that may fail.
alerts = erratum._get(f"/api/v1/erratum/{number}/security_alerts")
assert alerts["alerts"]["blocking"] is True, alerts
answer = erratum._post(f"/api/v1/erratum/{number}/security_alerts/refresh")
assert answer.json()["alerts"]["blocking"] is False, answer.text
answer = erratum._post(f"/api/v1/erratum/{other}/security_alerts/refresh")
assert answer.status_code == 400, answer.status_code

# States.
erratum.setState("REL_PREP")
assert erratum.commit()
assert erratum.errata_state == "REL_PREP"
dependent.setState("REL_PREP")
refused("base: CAT tests are not verified", dependent.commit)

# Comments.
erratum.addComment("looks good")
texts = [comment["attributes"]["text"] for comment in erratum.comments()]
assert texts == ["looks good", "Changed state from QE to REL_PREP"], texts

refused("404", lambda: Erratum(errata_id=999))
print("done")
