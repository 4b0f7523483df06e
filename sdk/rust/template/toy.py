#!/usr/bin/env python3
"""The toy server of a new plugin: people and teams in memory, on http://127.0.0.1:8765 (or the port that is named).

It wants `Authorization: Bearer toy-token`, and needs nothing but Python 3.
"""

import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit

TOKEN = "toy-token"
TEAMS = [{"id": "t1", "name": "Staff"}, {"id": "t2", "name": "Finance"}]
NAMES = ["Ada", "Bo", "Carla", "Dev", "Elif", "Femi", "Grace"]
PEOPLE = [
    {
        "id": f"p{number:03}",
        "login": name.lower(),
        "email": f"{name.lower()}@example.com",
        "name": name,
        "staff-number": str(1000 + number),
        "active": name != "Dev",
        "teams": ["t1"] if number % 2 else ["t1", "t2"],
    }
    for number, name in enumerate(NAMES, start=1)
]


class Toy(BaseHTTPRequestHandler):
    def do_GET(self):
        url = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        parts = [unquote(part) for part in url.path.split("/")[1:]]
        if self.headers.get("authorization") != f"Bearer {TOKEN}":
            return self.answer(401, {"message": "the token is missing or wrong"})
        match parts:
            case ["people"]:
                rest = [person for person in PEOPLE if person["id"] > query.get("after", "")]
                page = rest[: int(query.get("limit", "100"))]
                return self.answer(200, {"people": page, "total": len(PEOPLE), "more": len(page) < len(rest)})
            case ["people", wanted]:
                found = [person for person in PEOPLE if person["id"] == wanted]
                return self.answer(200, found[0]) if found else self.answer(404, {"message": "nobody"})
            case ["teams"]:
                return self.answer(200, TEAMS)
        return self.answer(404, {"message": "no such path"})

    def answer(self, status, body):
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        pass


if __name__ == "__main__":
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 8765
    server = ThreadingHTTPServer(("127.0.0.1", port), Toy)
    print(f"The toy answers at http://127.0.0.1:{server.server_port} with the token {TOKEN}", flush=True)
    server.serve_forever()
