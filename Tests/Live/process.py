"""Processes of the program under test, and the bookkeeping of checks."""
import json
import os
import pathlib
import random
import signal
import socket
import ssl
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = os.environ.get("CAIRN_PROGRAM", str(REPOSITORY / ".build/release/cairn"))
#: Members and portal of one consortium alone.
BARE = ("demo", "--use-case", "agricultural-tracing", "--bare")


class Check:
    def __init__(self):
        self.passed = self.failed = 0

    def __call__(self, name, condition, detail=""):
        if condition:
            self.passed += 1
        else:
            self.failed += 1
            print(f"FAILED: {name} {detail}", flush=True)
        return condition

    def figure(self, name, value, target, unit):
        """Prints a figure beside its target. A machine that is busy may be late; ten times too late, or never, is broken."""
        print(f"{name}: {value:.2f} {unit}, target {target}", flush=True)
        return self(name, value < 10 * target, value)


def free_port():
    """A port below those that the system gives to outgoing connections, so that it is still free after a restart."""
    while True:
        port = random.randrange(20_000, 32_000)
        with socket.socket() as s:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                s.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue


def start(*arguments):
    """Starts the program; what it says on its error output is kept, for the case that it ends by itself."""
    said = tempfile.TemporaryFile()
    process = subprocess.Popen([PROGRAM, *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                               stderr=said, cwd=REPOSITORY)
    process.said = said
    return process


def stop(process, timeout=20):
    if hasattr(process, "said") and process.poll() not in (None, -signal.SIGKILL):
        process.said.seek(0)
        print(f"a process had ended by itself with {process.returncode}: "
              f"{process.said.read()[-2000:].decode(errors='replace')}", flush=True)
    process.terminate()
    try:
        process.wait(timeout)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


#: Participants in whose name a node's answers are read, and their tokens, by the node's address.
READERS, TOKENS = {}, {}


def read_as(url, participant):
    """Reads at a node from now on in the name of a participant: what is not public needs a session."""
    READERS[url] = participant


#: Between nodes the key of a member is looked at, not a name: see `shown_key`.
ANYBODY = ssl._create_unverified_context()


def shown_key(port):
    """The raw public key that who answers at a port shows, and the version of TLS."""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as plain, ANYBODY.wrap_socket(plain) as secure:
        shown = x509.load_der_x509_certificate(secure.getpeercert(True))
        return shown.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw), secure.version()


def call(method, url, body=None, headers=None, timeout=30):
    """(status, bytes); raises OSError where nobody answers."""
    asked = urllib.request.Request(url, data=body, method=method, headers=headers or {})
    try:
        with urllib.request.urlopen(asked, timeout=timeout, context=ANYBODY) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def patiently(method, url, body, headers):
    """As `call`, and again when the node says that these were too many at once."""
    for _ in range(10):
        status, answer = call(method, url, body, headers)
        if status != 429:
            break
        time.sleep(1)
    return status, answer


def sign_in(url, participant):
    """The token of a session, by a signature over the node's challenge."""
    status, body = patiently("POST", f"{url}/api/v1/sign-in/challenges",
                             json.dumps({"nonce": os.urandom(32).hex()}).encode(), {"Content-Type": "application/json"})
    if status != 201:
        raise RuntimeError(f"no challenge: {status} {body[:200]}")
    given = json.loads(body)
    answer = participant.answer(bytes.fromhex(given["challenge"]), given["ledger"])
    status, body = patiently("POST", f"{url}/api/v1/sign-in/key", answer, {"Content-Type": "application/cbor"})
    if status != 201:
        raise RuntimeError(f"{participant.name} is not let in: {status} {body[:200]}")
    return json.loads(body)["token"]


def request(method, url, body=None, headers=None, timeout=30):
    """As `call`, in the name of whom `read_as` named; signs in, again where the node has forgotten the session."""
    base = "/".join(url.split("/")[:3])
    headers = dict(headers or {})
    if base not in READERS or "Authorization" in headers or method != "GET":
        return call(method, url, body, headers, timeout)
    return request_as(READERS[base], method, url, body, headers, timeout)


def request_as(participant, method, url, body=None, headers=None, timeout=30):
    """As `call`, in a participant's name; signs in once, and again where the node has forgotten the session."""
    base = "/".join(url.split("/")[:3])
    place = (base, participant.name)
    for _ in range(2):
        if place not in TOKENS:
            TOKENS[place] = sign_in(base, participant)
        status, answer = call(method, url, body, (headers or {}) | {"Authorization": f"Bearer {TOKENS[place]}"}, timeout)
        if status != 401:
            break
        del TOKENS[place]
    return status, answer


def get_json(url):
    status, body = request("GET", url)
    if status != 200:
        raise RuntimeError(f"{url}: {status}")
    return json.loads(body)


def wait_for_participants(url, count):
    """Waits until so many are enrolled beside the members."""
    while sum(not item["id"].startswith("member-")
              for item in get_json(f"{url}/api/v1/participants")["items"]) < count:
        time.sleep(0.05)


def wait_until_up(url, seconds=120, process=None):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if process is not None and process.poll() is not None:
            raise RuntimeError(f"the process ended with {process.returncode}")
        try:
            return get_json(f"{url}/api/v1/ledgers")["items"][0]
        except (OSError, RuntimeError):
            time.sleep(0.05)
    raise RuntimeError(f"{url} did not come up in {seconds} s")
