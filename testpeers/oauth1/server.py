#!/usr/bin/python3
"""OAuth 1.0a service provider for Lanyard's tests, on loopback only.

All protocol work (parsing, base string, signature check, nonce rules) is done by
oauthlib's server side, from Debian's python3-oauthlib. This file only stores
clients and tokens in memory and puts HTTP around it. Run it with /usr/bin/python3:
that is the interpreter Debian's modules belong to.

  PORT        port to listen on (9030)
  CALLBACKS   comma-separated callbacks of the third consumer (http://127.0.0.1:8080/callback)
  LOG         file that gets one JSON line per request
"""
import json
import os
import secrets
import string
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlencode, urlsplit

from oauthlib.oauth1 import RequestValidator, WebApplicationServer
from oauthlib.oauth1.rfc5849.errors import OAuth1Error

PORT = int(os.environ.get("PORT", "9030"))
BASE = f"http://127.0.0.1:{PORT}"
LOCK = threading.Lock()
CLIENTS = {
    "lanyardconsumer00001": {"secret": "consumersecret00001", "callbacks": None},
    # reserved characters in the secret: they must be percent-encoded in the key
    "lanyardconsumer00002": {"secret": "s&cr=t %+/é", "callbacks": None},
    # only these callbacks are accepted, compared as whole strings
    "lanyardconsumer00003": {"secret": "consumersecret00003",
                             "callbacks": set(os.environ.get("CALLBACKS", "http://127.0.0.1:8080/callback").split(","))},
}
REQUEST_TOKENS, ACCESS_TOKENS, NONCES = {}, {}, set()


class Validator(RequestValidator):
    enforce_ssl = False
    nonce_length = (6, 64)
    client_key_length = (6, 64)
    request_token_length = (6, 64)
    access_token_length = (6, 64)
    verifier_length = (6, 64)
    timestamp_lifetime = 600
    dummy_client = "dummyclient000000000"
    dummy_request_token = "dummyrequesttoken0000"
    dummy_access_token = "dummyaccesstoken00000"

    @property
    def allowed_signature_methods(self):
        return ("HMAC-SHA1", "HMAC-SHA256", "HMAC-SHA512", "PLAINTEXT")

    @property
    def safe_characters(self):
        return set(string.ascii_letters + string.digits + "-_.~+/=")

    def validate_client_key(self, key, request):
        return key in CLIENTS

    def get_client_secret(self, key, request):
        return CLIENTS.get(key, {"secret": "dummy-secret"})["secret"]

    def validate_request_token(self, key, token, request):
        t = REQUEST_TOKENS.get(token)
        return bool(t) and t["client"] == key and not t["used"]

    def get_request_token_secret(self, key, token, request):
        return REQUEST_TOKENS.get(token, {"oauth_token_secret": "dummy"})["oauth_token_secret"]

    def validate_access_token(self, key, token, request):
        t = ACCESS_TOKENS.get(token)
        return bool(t) and t["client"] == key and not t.get("revoked")

    def get_access_token_secret(self, key, token, request):
        return ACCESS_TOKENS.get(token, {"oauth_token_secret": "dummy"})["oauth_token_secret"]

    def validate_timestamp_and_nonce(self, key, ts, nonce, request,
                                     request_token=None, access_token=None):
        with LOCK:
            k = (key, request_token or access_token, ts, nonce)
            if k in NONCES:
                return False
            NONCES.add(k)
            return True

    def validate_redirect_uri(self, key, uri, request):
        allowed = CLIENTS.get(key, {}).get("callbacks")
        return allowed is None or uri in allowed

    def get_default_realms(self, key, request):
        return []

    def get_realms(self, token, request):
        return []

    def validate_requested_realms(self, key, realms, request):
        return True

    def validate_realms(self, key, token, request, uri=None, realms=None):
        return True

    def get_redirect_uri(self, token, request):
        return REQUEST_TOKENS[token]["callback"]

    def verify_request_token(self, token, request):
        return token in REQUEST_TOKENS

    def verify_realms(self, token, realms, request):
        return True

    def validate_verifier(self, key, token, verifier, request):
        t = REQUEST_TOKENS.get(token)
        return bool(t) and t.get("verifier") is not None and secrets.compare_digest(t["verifier"], verifier or "")

    def save_request_token(self, token, request):
        REQUEST_TOKENS[token["oauth_token"]] = {
            **token, "client": request.client_key, "callback": request.redirect_uri,
            "used": False, "verifier": None}

    def save_verifier(self, token, verifier, request):
        REQUEST_TOKENS[token]["verifier"] = verifier["oauth_verifier"]

    def save_access_token(self, token, request):
        ACCESS_TOKENS[token["oauth_token"]] = {**token, "client": request.client_key}

    def invalidate_request_token(self, key, token, request):
        REQUEST_TOKENS[token]["used"] = True


SERVER = WebApplicationServer(Validator())


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *a):
        pass

    def reply(self, status, headers, body):
        # The line is written before the answer leaves: who has the answer finds it in the log.
        line = json.dumps({"at": time.time(), "method": self.command, "path": self.path, "status": status})
        print(line, flush=True)
        if os.environ.get("LOG"):
            with LOCK, open(os.environ["LOG"], "a") as f:
                f.write(line + "\n")
        body = (body or "").encode()
        self.send_response(status)
        for k, v in headers.items():
            self.send_header(k, v)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def handle_any(self):
        n = int(self.headers.get("Content-Length") or 0)
        raw = self.rfile.read(n) if n else b""
        body = raw.decode("utf-8", "replace") if "form-urlencoded" in (self.headers.get("Content-Type") or "") else None
        uri, path = BASE + self.path, urlsplit(self.path).path
        headers = dict(self.headers.items())
        args = (uri, self.command, body, headers)
        try:
            if path == "/request_token":
                return self.reply(*self.out(SERVER.create_request_token_response(*args, credentials={})))
            if path == "/access_token":
                return self.reply(*self.out(SERVER.create_access_token_response(*args, credentials={})))
            if path == "/authorize":
                # GET shows a form; POST (or GET with approve=1) grants as user alice.
                q = parse_qs(urlsplit(self.path).query)
                if self.command == "GET" and q.get("approve") != ["1"]:
                    tok = (q.get("oauth_token") or [""])[0]
                    if tok not in REQUEST_TOKENS:
                        return self.reply(400, {"Content-Type": "text/plain"}, "unknown request token")
                    return self.reply(200, {"Content-Type": "text/html"},
                                      f'<form method=post action="/authorize?{urlencode({"oauth_token": tok})}">'
                                      "<button name=approve value=1>Allow</button></form>")
                h, b, s = SERVER.create_authorization_response(*args, realms=[], credentials={"user": "alice"})
                return self.reply(s, h, b)
            ok, req = SERVER.validate_protected_resource_request(*args, realms=[])
            if not ok:
                return self.reply(401, {"Content-Type": "application/json", "WWW-Authenticate": "OAuth"},
                                  '{"error":"bad signature, token, nonce or timestamp"}')
            self.reply(200, {"Content-Type": "application/json"}, json.dumps(
                {"ok": True, "client": req.client_key, "token": req.resource_owner_key,
                 "signature_method": req.signature_method, "path": self.path, "bytes": len(raw)}))
        except OAuth1Error as e:
            self.reply(e.status_code, {"Content-Type": "application/x-www-form-urlencoded"}, e.urlencoded)
        except Exception as e:  # a malformed request must not end the peer
            self.reply(400, {"Content-Type": "text/plain"}, f"{type(e).__name__}: {e}")

    @staticmethod
    def out(r):
        headers, body, status = r
        return status, headers, body

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = handle_any


if __name__ == "__main__":
    print(json.dumps({"listening": BASE}), flush=True)
    try:
        ThreadingHTTPServer(("127.0.0.1", PORT), Handler).serve_forever()
    except KeyboardInterrupt:
        sys.exit(0)
