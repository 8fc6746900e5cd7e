"""Uses the stand-in of Google Sheets through gspread, as the Python tool does.

Arguments: the address of the stand-in, the id of a document, the key file of the account.
"""

import json
import sys

import gspread
from gspread.utils import ValueRenderOption

base, document, key_file = sys.argv[1:]
base = base.rstrip("/")


def to_loopback(client):
    """Sends what is meant for Google to the stand-in."""
    session = getattr(client, "http_client", client).session
    request = session.request

    def redirected(method, url, **rest):
        for host in ("https://sheets.googleapis.com", "https://www.googleapis.com"):
            if url.startswith(host):
                url = base + url[len(host) :]
        return request(method, url, **rest)

    session.request = redirected
    return client


def refused(call):
    try:
        call()
    except gspread.exceptions.APIError as error:
        return error.response.status_code
    except PermissionError:
        return 403
    except gspread.exceptions.SpreadsheetNotFound:
        return 404
    raise AssertionError("it was not refused")


with open(key_file) as file:
    key = json.load(file)
scopes = ["https://spreadsheets.google.com/feeds", "https://www.googleapis.com/auth/drive"]
client = to_loopback(gspread.service_account_from_dict(key, scopes=scopes))

book = client.open_by_key(document)
assert client.open(book.title).id == document
template = book.worksheet("template")
assert template.acell("B8").value == "Not Started"
assert template.acell("C8").value is None

# As the Python tool makes a tab.
copy = template.duplicate()
assert copy.title == "Copy of template", copy.title
copy.update_title("4.20.1")
tab = book.worksheet("4.20.1")
assert tab.id != template.id

tab.update_acell("B8", "Pass")
assert tab.acell("B8").value == "Pass"
assert template.acell("B8").value == "Not Started"
link = '=HYPERLINK("https://example.com/OCPBUGS-1","OCPBUGS-1")'
tab.batch_update(
    [{"range": "C8:E9", "values": [[link, "qe@example.com", "ON_QA"], ["x", "Unknown", ""]]}],
    value_input_option="USER_ENTERED",
)
assert tab.acell("C8").value == "OCPBUGS-1"
assert tab.acell("C8", value_render_option=ValueRenderOption.formula).value == link
assert tab.get("C8:E9") == [["OCPBUGS-1", "qe@example.com", "ON_QA"], ["x", "Unknown"]]
assert tab.batch_get(["B8", "C8:C9"]) == [[["Pass"]], [["OCPBUGS-1"], ["x"]]]
assert tab.col_values(3)[7:] == ["OCPBUGS-1", "x"]
assert tab.row_values(9) == ["Bug to be verified", "", "x", "Unknown"]
cell = tab.find("Pass")
assert (cell.row, cell.col) == (8, 2)
assert tab.find("nothing of this") is None
assert tab.get("H8:H") in ([], [[]])
tab.append_row(["last", "4.20"], value_input_option="USER_ENTERED")
assert tab.get_all_values()[-1][:2] == ["last", "4.2"]
tab.batch_clear(["C8:E9"])
assert tab.acell("C8").value is None

added = book.add_worksheet("scratch", rows=5, cols=3)
assert (added.row_count, added.col_count) == (5, 3)
assert refused(lambda: added.update_acell("D1", "x")) == 400
assert refused(lambda: book.add_worksheet("scratch", rows=5, cols=3)) == 400
added.resize(rows=9)
assert book.worksheet("scratch").row_count == 9
book.del_worksheet(added)
assert {sheet.title for sheet in book.worksheets()} == {"template", "4.20.1"}

# Rich text, with links in one cell, as the Python tool writes it.
runs = [{"startIndex": 0, "format": {}}, {"startIndex": 5, "format": {"link": {"uri": "https://example.com/1"}}}]
value = {"userEnteredValue": {"stringValue": "rpm: 1"}, "textFormatRuns": runs}
area = {"sheetId": tab.id, "startRowIndex": 1, "endRowIndex": 2, "startColumnIndex": 1, "endColumnIndex": 2}
book.batch_update({"requests": [{"updateCells": {"rows": [{"values": [value]}], "range": area, "fields": "*"}}]})
assert tab.acell("B2").value == "rpm: 1"

assert refused(lambda: client.open_by_key("private")) == 403
assert refused(lambda: client.open_by_key("nothing")) == 404
assert refused(lambda: tab.get("not a range!")) == 400
key["client_email"] = "other@example.com"
stranger = to_loopback(gspread.service_account_from_dict(key, scopes=scopes))
try:
    stranger.open_by_key(document)
except Exception as error:
    assert "account not found" in str(error), error
else:
    raise AssertionError("a stranger got a token")
print("gspread", gspread.__version__)
