"""What OAR does with Slack, done by slack_sdk against the stand-in: python slack.py ADDRESS TOKEN."""

import sys

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

address, token = sys.argv[1:]
client = WebClient(token=token, base_url=f"{address}/api/")

assert client.auth_test()["user_id"] == "U0BOT"

first = client.chat_postMessage(channel="#team", text="hello")
assert first["ok"] and first["channel"] == "C1", first
reply = client.chat_postMessage(channel="C1", text="log", thread_ts=first["ts"])
assert float(reply["ts"]) > float(first["ts"])

user = client.users_lookupByEmail(email="lead@example.com")["user"]
assert user["id"] == "U1", user
assert client.users_info(user="U1")["user"]["name"] == "lead"

groups = client.usergroups_list()["usergroups"]
assert [group["id"] for group in groups if group["handle"] == "4.20-qe-leads"] == ["S1"]

channels = client.conversations_list(limit=1)
assert channels["response_metadata"]["next_cursor"], channels
assert "C1" in [c["id"] for page in channels for c in page["channels"]]
marked = {"event_type": "notice", "event_payload": {"token": "t"}}
client.chat_postMessage(channel="C1", text="marked", metadata=marked)
history = client.conversations_history(channel="C1", include_all_metadata=True)["messages"]
assert [m["text"] for m in history] == ["marked", "hello"], history
assert history[0]["metadata"] == marked, history
assert "metadata" not in client.conversations_history(channel="C1")["messages"][0]
replies = client.conversations_replies(channel="C1", ts=first["ts"])["messages"]
assert [m["text"] for m in replies] == ["log", "hello"], replies


def refused(word, call, **arguments):
    try:
        call(**arguments)
    except SlackApiError as error:
        assert error.response["error"] == word, error.response
    else:
        raise AssertionError(f"{word} was expected")


refused("channel_not_found", client.chat_postMessage, channel="#nowhere", text="x")
refused("not_in_channel", client.chat_postMessage, channel="#private", text="x")
refused("channel_not_found", client.conversations_history, channel="#team")
refused("users_not_found", client.users_lookupByEmail, email="nobody@example.com")
refused("msg_too_long", client.chat_postMessage, channel="#team", text="x" * 40001)
stranger = WebClient(token="xoxb-other", base_url=f"{address}/api/")
refused("invalid_auth", stranger.auth_test)
print("done")
