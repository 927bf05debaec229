"""Four organisations' nodes as processes of their own, ordered by three etcd: one dies, one loses its disk, one lies."""
import contextlib
import datetime
import hashlib
import http.server
import json
import os
import pathlib
import shutil
import signal
import ssl
import subprocess
import tempfile
import threading
import time
import urllib.error
import urllib.request

import cbor2
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from process import PROGRAM, REPOSITORY, call, free_port, get_json, read_as, request, shown_key, stop, wait_until_up
from statement import Participant, encode, secret_of


class Network:
    """What `cairn network init` laid out in a folder."""

    def __init__(self, folder, use_case="agricultural-tracing", registrar=("laboratory", "accreditor")):
        self.folder = pathlib.Path(folder)
        done = subprocess.run([PROGRAM, "network", "init", "--members", "4", "--use-case", use_case, "--folder", folder],
                              cwd=REPOSITORY, capture_output=True, text=True)
        if done.returncode != 0:
            raise RuntimeError(done.stderr)
        self.layout = json.loads((self.folder / "network.json").read_text())
        self.ledger = self.layout["ledger"]
        self.members = [member["id"] for member in self.layout["members"]]
        self.urls = {member["id"]: f"http://127.0.0.1:{member['port']}" for member in self.layout["members"]}
        self.configurations = {m: json.loads((self.folder / m / "node.json").read_text()) for m in self.members}
        member, name = registrar
        self.reader = Participant(name, f"{folder}/{member}/keys/{name}.key")
        for url in self.urls.values():
            read_as(url, self.reader)
        #: Nodes and members of etcd that a test started itself, in the place of those that `network up` started.
        self.own, self.etcd = {}, {}

    @contextlib.contextmanager
    def running(self, begin=None):
        """The network while a test goes on; where it breaks off, the end of each node's log is told. `begin` starts it in another way."""
        processes = None
        try:
            processes = (begin or self.up)()
            yield
        except BaseException:
            for member in self.members:
                log = self.folder / member / "node.log"
                print(f"{member}: {log.read_text()[-1500:] if log.exists() else 'no log'}", flush=True)
            raise
        finally:
            for node in self.own.values():
                stop(node)
            if processes:
                stop(processes, 60)
            for etcd in self.etcd.values():
                stop(etcd)

    def up(self):
        self.output = open(self.folder / "up.out", "w+")
        process = subprocess.Popen([PROGRAM, "network", "up", "--folder", str(self.folder)], cwd=REPOSITORY,
                                   stdin=subprocess.DEVNULL, stdout=self.output, stderr=self.output)
        deadline = time.monotonic() + 300
        while "Everything is up" not in (self.folder / "up.out").read_text():
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"the network did not come up: {(self.folder / 'up.out').read_text()}")
            time.sleep(0.1)
        return process

    def pid(self, member):
        return int((self.folder / member / "node.pid").read_text())

    def kill(self, member):
        if member in self.own:
            self.own[member].kill()
            self.own[member].wait()
        else:
            os.kill(self.pid(member), signal.SIGKILL)

    def start(self, member, configuration="node.json", under=(), **environment):
        """Starts a member's node, under another program where one is named."""
        log = open(self.folder / member / "node.log", "a")
        self.own[member] = subprocess.Popen(
            [*under, PROGRAM, "node", "--config", str(self.folder / member / configuration)], cwd=REPOSITORY,
            env=os.environ | environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def head(self, member):
        """(height, hash, state root) of a node's last final block."""
        url = self.urls[member]
        height = get_json(f"{url}/api/v1/ledgers")["items"][0]["height"]
        block = get_json(f"{url}/api/v1/ledgers/{self.ledger}/blocks/{height}")
        return height, block["hash"], block["stateRoot"]

    def agree(self, seconds=120):
        """Waits until all nodes show one head; the heads at the end."""
        deadline = time.monotonic() + seconds
        heads = {}
        while time.monotonic() < deadline:
            try:
                heads = {member: self.head(member) for member in self.members}
                if len(set(heads.values())) == 1:
                    return heads
            except (OSError, RuntimeError):
                pass
            time.sleep(0.2)
        return heads

    def pay(self, member, count):
        """Points that the registrar issues by way of a member's node; how many became final, and how long each took."""
        final, times = 0, []
        for _ in range(count):
            _, body = self.reader.sign(self.ledger, "wallet", "issue", {"to": "farm", "amount": 1, "currency": "XPT"}, "farm")
            begin = time.monotonic()
            status, answer = request("POST", f"{self.urls[member]}/api/v1/transactions", body,
                                     {"Content-Type": "application/cose", "Prefer": "wait=60"}, timeout=90)
            if status == 201 and json.loads(answer)["status"] == "FINAL":
                final += 1
                times.append(time.monotonic() - begin)
        return final, sorted(times)

    def balance(self, member):
        state = get_json(f"{self.urls[member]}/api/v1/ledgers/{self.ledger}/state?key=wallet/accounts/XPT/farm")
        return state["decoded"]

    def compare(self, members, *more):
        """Exit status and lines of `cairn ledger compare`."""
        asked = [word for member in members for word in ("--node", self.urls[member])]
        done = subprocess.run([PROGRAM, "ledger", "compare", *asked, "--as", "accreditor", "--keys",
                               str(self.folder / "laboratory/keys"), "--output", "json", *more], cwd=REPOSITORY,
                              capture_output=True, text=True)
        return done.returncode, json.loads(done.stdout or "[]"), done.stderr

    def say(self, liar, to, headers):
        """Sends votes of a member on headers to another member's node, as the liar's own node would."""
        key, kid = self.key_of(liar)
        protected = encode({1: -8, 4: kid})
        votes = [[header, kid, key.sign(encode(["Signature", b"", protected, b"", header]))] for header in headers]
        return self.ask(liar, to, "POST", "/peer/v1/news", encode([votes, None]))

    def key_of(self, member):
        """A member's key with its kid."""
        key = Ed25519PrivateKey.from_private_bytes(secret_of(self.folder / member / f"keys/member-{member}.key"))
        raw = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        return key, hashlib.sha256(encode({1: 1, -1: 6, -2: raw})).digest()

    def ask(self, member, to, method, path, body=b""):
        """What the node of a member answers to that of another."""
        (key, kid), now = self.key_of(member), int(time.time() * 1000)
        payload = encode(["cairn-peer/1", bytes.fromhex(self.ledger), to, method, path, now, hashlib.sha256(body).digest()])
        signature = key.sign(encode(["Signature1", encode({1: -8, 4: kid}), b"", payload]))
        return call(method, f"https://127.0.0.1:{self.configurations[to]['peerPort']}{path}", body or None, {
            "Content-Type": "application/cbor", "Cairn-Peer": member, "Cairn-Time": str(now),
            "Cairn-Signature": signature.hex()})


def run(check):
    unit(check)
    with tempfile.TemporaryDirectory() as folder:
        network = Network(f"{folder}/network")
        keys_apart(check, network)
        with network.running():
            ordinary(check, network)
            hidden(check, network)
            impersonated(check, network)
            one_dies(check, network)
            one_loses_its_disk(check, network)
            one_lies(check, network)
            an_orderer_dies(check, network)
            several_ledgers(check, network, folder)


def keys_apart(check, network):
    places = {}
    for key in network.folder.glob("*/keys/*.key"):
        places.setdefault(key.name, []).append(key.parent.parent.name)
    check("each key lies with one member", all(len(found) == 1 for found in places.values()), str(places))
    check("each member's own key lies with that member",
          all(places[f"member-{member}.key"] == [member] for member in network.members), str(places))


def ordinary(check, network):
    for member in network.members:
        final, times = network.pay(member, 5)
        check(f"what the node of {member} takes is final", final == 5, str(final))
        if times:
            print(f"cluster: {member}: FINAL after {times[len(times) // 2] * 1000:.0f} ms (median of 5)", flush=True)
    heads = network.agree()
    check("all nodes have one head and one state root", len(set(heads.values())) == 1 and len(heads) == 4, str(heads))
    code, lines, _ = network.compare(network.members)
    check("a client that asks all nodes finds them in agreement", code == 0 and all(
        line["state"] == "agrees" for line in lines), str(lines))


def hidden(check, network):
    """What nodes say to one another is TLS, by the keys that the ledger names."""
    members = get_json(f"{network.urls[network.members[0]]}/api/v1/ledgers/{network.ledger}/members")["items"]
    keys = {member["id"]: cbor2.loads(bytes.fromhex(member["key"]))[-2] for member in members}
    for member in network.members:
        port = network.configurations[member]["peerPort"]
        key, version = shown_key(port)
        check(f"the node of {member} shows its member's key, in TLS 1.3", key == keys[member] and version == "TLSv1.3",
              f"{key.hex()} {version}")
        older = ssl._create_unverified_context()
        older.maximum_version = ssl.TLSVersion.TLSv1_2
        for words in (lambda: urllib.request.urlopen(f"http://127.0.0.1:{port}/peer/v1/standing", timeout=30),
                      lambda: urllib.request.urlopen(f"https://127.0.0.1:{port}/peer/v1/standing", timeout=30, context=older)):
            try:
                words()
                answered = "an answer"
            except urllib.error.HTTPError as error:
                answered = f"an answer, {error.code}"
            except OSError:
                answered = None
            check("nothing is said in plain, or by older rules", answered is None, str(answered))


def impersonated(check, network):
    """Somebody else takes the place of a node, and tries what the others would tell it."""
    gone, others = "logistics", [member for member in network.members if member != "logistics"]
    network.kill(gone)
    port = network.configurations[gone]["peerPort"]
    # The port is free once the system has cleared the dead process away.
    deadline, stranger = time.monotonic() + 30, None
    while stranger is None:
        try:
            stranger = Impostor(port)
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
    logs = {member: network.folder / member / "node.log" for member in others}
    final, _ = network.pay(others[0], 5)
    check("the others go on beside an impostor", final == 5, str(final))
    said = f"does not show the key of {gone}"
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and not all(said in log.read_text() for log in logs.values()):
        time.sleep(0.2)
    stranger.close()
    check("each of the others says once that it is not who it should be",
          all(log.read_text().count(said) == 1 for log in logs.values()),
          str({member: log.read_text().count(said) for member, log in logs.items()}))
    check("and asked it nothing but which members there are", set(stranger.asked) == {"GET /peer/v1/members/changes"},
          str(set(stranger.asked)))
    network.start(gone)
    heads = network.agree()
    check("the node is taken for itself again", len(set(heads.values())) == 1 and len(heads) == 4, str(heads))


class Impostor(http.server.ThreadingHTTPServer):
    """Answers at a port with a key of its own, and notes what it is asked."""

    allow_reuse_address = True

    def __init__(self, port):
        self.asked = asked = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def answer(self):
                asked.append(f"{self.command} {self.path}")
                body = encode([])
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_POST = answer

            def log_message(self, *_):
                pass

        super().__init__(("127.0.0.1", port), Handler)
        key = Ed25519PrivateKey.generate()
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "node")])
        now = datetime.datetime.now(datetime.timezone.utc)
        certificate = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now, now + datetime.timedelta(
            days=1)).sign(key, None)
        with tempfile.NamedTemporaryFile() as file:
            file.write(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()) + certificate.public_bytes(Encoding.PEM))
            file.flush()
            security = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            security.load_cert_chain(file.name)
        self.socket = security.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def handle_error(self, *_):
        """Who sees its key hangs up."""

    def close(self):
        self.shutdown()
        self.server_close()


def one_dies(check, network):
    dead, writer = "logistics", "cooperative"
    stale = network.head(dead)[0]
    network.kill(dead)
    final, _ = network.pay(writer, 10)
    check("three of four nodes go on", final == 10, str(final))
    code, lines, errors = network.compare(network.members)
    check("a client that asks all nodes is warned of the silent one",
          code == 8 and "does not tell its head" in errors, f"{code} {lines} {errors}")
    lags(check, network, dead, writer)
    network.start(dead)
    heads = network.agree()
    check("the node that returns catches up by itself", len(set(heads.values())) == 1 and len(heads) == 4
          and heads[dead][0] >= stale + 10, str(heads))


def lags(check, network, member, writer):
    """A node that reaches its peers at its start and no etcd after that answers, and stands still."""
    configuration = network.configurations[member] | {"etcd": {"endpoints": [f"127.0.0.1:{free_port()}"]}}
    (network.folder / member / "alone.json").write_text(json.dumps(configuration))
    network.start(member, "alone.json")
    wait_until_up(network.urls[member], 120, network.own[member])
    deadline = time.monotonic() + 60
    while network.head(member)[0] < network.head(writer)[0] and time.monotonic() < deadline:
        time.sleep(0.2)
    final, _ = network.pay(writer, 10)
    code, lines, errors = network.compare(network.members)
    states = dict(zip(network.members, (line["state"] for line in lines)))
    check("a client that asks all nodes is warned of the one that lags",
          final == 10 and code == 8 and states[member] == "lags" and "it stands at block" in errors, f"{code} {lines} {errors}")
    network.kill(member)


def one_loses_its_disk(check, network):
    lost, writer = "retail", "laboratory"
    before = network.balance(writer)
    network.kill(lost)
    folder = network.folder / lost
    for item in folder.iterdir():
        if item.name in ("keys", "node.json", "genesis.cbor", "node.log"):
            continue
        shutil.rmtree(item) if item.is_dir() else item.unlink()
    final, _ = network.pay(writer, 5)
    check("the others go on while one has no disk", final == 5, str(final))
    network.start(lost)
    heads = network.agree()
    check("a node that lost its disk rebuilds from its peers", len(set(heads.values())) == 1 and len(heads) == 4,
          str(heads))
    check("it has the state of the others", network.balance(lost) == before + 5, str(network.balance(lost)))
    final, _ = network.pay(lost, 3)
    check("and takes part again", final == 3, str(final))
    heads = network.agree()
    network.kill(lost)
    audit = subprocess.run([PROGRAM, "audit", str(folder / f"members/{lost}/ledger.sqlite")], cwd=REPOSITORY,
                           capture_output=True, text=True)
    check("what it rebuilt passes its audit with every signature", audit.returncode == 0, audit.stdout + audit.stderr)
    # It stays away while the others write, so that it lags for a moment after its return.
    network.pay(writer, 5)
    network.start(lost)
    network.agree()


def one_lies(check, network):
    liar, told, writer = "logistics", "cooperative", "laboratory"
    height, _, _ = network.head(told)
    url = network.urls[told]
    block = get_json(f"{url}/api/v1/ledgers/{network.ledger}/blocks/{height}")
    header = bytes.fromhex(block["headerBytes"])
    other = cbor2.loads(header)
    other[8] = hashlib.sha256(b"another state").digest()
    status, answer = network.say(liar, told, [header, encode(other)])
    check("a member's node is heard by another", status == 200, f"{status} {answer[:200]}")
    deadline, found = time.monotonic() + 30, []
    while not found and time.monotonic() < deadline:
        found = get_json(f"{url}/api/v1/ledgers")["items"][0]["contradictions"]
        time.sleep(0.1)
    check("a node that signs two blocks at one height is shown with both",
          [(entry["member"], entry["height"]) for entry in found] == [(liar, height)]
          and len({signed["header"] for signed in found[0]["signed"]}) == 2, str(found))
    again = get_json(f"{url}/api/v1/ledgers/{network.ledger}/blocks/{height}")
    check("its second block is refused", again["hash"] == block["hash"], str(again))
    status, page = request("GET", f"{url}/ledgers/{network.ledger}")
    check("the explorer says so", b"signed two blocks" in page, str(status))
    final, _ = network.pay(writer, 5)
    check("the ledger goes on beside the liar", final == 5, str(final))
    heads = network.agree()
    check("and does not fork", len(set(heads.values())) == 1 and len(heads) == 4, str(heads))
    # A stranger, and a member's request changed on its way, are not answered.
    port = network.configurations[told]["peerPort"]
    status, _ = call("GET", f"https://127.0.0.1:{port}/peer/v1/blocks/0")
    check("nobody but a member is given blocks", status == 403, str(status))


def an_orderer_dies(check, network):
    name = network.layout["etcd"][0]["name"]
    found = subprocess.run(["pgrep", "-f", f"etcd --name {name} --data-dir {network.folder}/"], capture_output=True, text=True)
    for pid in found.stdout.split():
        os.kill(int(pid), signal.SIGKILL)
    check("one etcd of three was killed", len(found.stdout.split()) == 1, found.stdout)
    final, times = network.pay("cooperative", 10)
    check("order goes on without one of three etcd", final == 10, str(final))
    heads = network.agree()
    check("and all nodes have one head", len(set(heads.values())) == 1 and len(heads) == 4, str(heads))


def several_ledgers(check, network, folder):
    """One process is a member's node of two ledgers."""
    other = Network(f"{folder}/other")
    with other.running():
        member, both = network.members[-1], (network, other)
        for each in both:
            each.kill(member)
            (each.folder / member / "node.pid").unlink()
        configurations = [word for each in both for word in ("--config", str(each.folder / member / "node.json"))]
        log = open(network.folder / member / "both.log", "a")
        process = subprocess.Popen([PROGRAM, "node", *configurations], cwd=REPOSITORY, stdin=subprocess.DEVNULL,
                                   stdout=log, stderr=log)
        files = [each.folder / member / "node.pid" for each in both]
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline and not all(file.exists() for file in files) and process.poll() is None:
            time.sleep(0.1)
        check("one process is a node of two ledgers",
              all(file.exists() and file.read_text() == f"{process.pid}\n" for file in files), str(process.poll()))
        for each in both:
            final, _ = each.pay(member, 3)
            heads = each.agree()
            check("it takes part in each of them", final == 3 and len(set(heads.values())) == 1, f"{final} {heads}")
        process.terminate()
        check("and ends in order when it is told to", process.wait(60) == 0, str(process.returncode))


def unit(check):
    """The service unit is one that systemd takes."""
    with tempfile.TemporaryDirectory() as folder:
        text = (REPOSITORY / "docs/operating/cairn@.service").read_text().replace("/usr/local/bin/cairn", PROGRAM)
        file = pathlib.Path(folder) / "cairn@retail.service"
        file.write_text(text)
        if shutil.which("systemd-analyze") is None:
            print("skipped the service unit: there is no systemd-analyze", flush=True)
            return
        said = subprocess.run(["systemd-analyze", "verify", str(file)], capture_output=True, text=True)
        check("systemd takes the service unit", said.returncode == 0 and not said.stderr.strip(), said.stderr)
