"""The hub's HTTP interface, for the programs beside this one."""

import json
import time
import urllib.error
import urllib.parse
import urllib.request


class Api:
    def __init__(self, address):
        self.address = address

    def raw(self, call, **query):
        """Body and headers of a GET below `/api/v1/uns/`."""
        query = {name: value for name, value in query.items() if value is not None}
        url = f"http://{self.address}/api/v1/uns/{call}?{urllib.parse.urlencode(query)}"
        patience = time.monotonic() + 120
        while True:
            try:
                with urllib.request.urlopen(url, timeout=60) as answer:
                    return answer.read().decode(), answer.headers
            except urllib.error.HTTPError as error:
                # An answer covers all that was committed; a busy machine takes its time over that.
                if error.code != 504 or time.monotonic() > patience:
                    raise

    def get(self, call, **query):
        return json.loads(self.raw(call, **query)[0])

    def pages(self, call, items, **query):
        """All items of all pages; each page but the last must be full."""
        after, found = None, []
        while True:
            page = self.get(call, after=after, **query)
            found += page[items]
            after = page["next"]
            if after is None:
                return found
            limit = query.get("limit")
            assert limit is None or len(page[items]) == limit, f"a short page: {len(page[items])}"

    def current(self, filter):
        """The cursor of the first page, and all last values."""
        cursor = self.get("current", filter=filter, limit=1)["cursor"]
        return cursor, self.pages("current", "values", filter=filter, limit=1000)

    def history(self, topic, start, end, limit=100_000, **query):
        range_ = {"start": start, "end": end}
        return self.pages("history", "samples", topic=topic, limit=limit, **range_, **query)

    def history_csv(self, topic, start, end, limit=100_000):
        """Rows of all CSV pages, without their headers; `Link` names the next page."""
        rows, query = [], {"topic": topic, "start": start, "end": end, "limit": limit}
        while True:
            body, headers = self.raw("history", format="csv", **query)
            rows += [line.split(",") for line in body.splitlines()[1:]]
            link = headers.get("Link")
            if link is None:
                return rows
            query = dict(urllib.parse.parse_qsl(link[2 : link.index(">")]))
            query.pop("format", None)
