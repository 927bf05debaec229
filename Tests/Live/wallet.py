"""Money against a running node: sent twice it moves once, above a limit not at all; history explains each balance."""
import json
import tempfile
import threading
import time

from process import BARE, free_port, get_json, read_as, request, request_as, start, stop, wait_for_participants, wait_until_up
from statement import Participant, encode

#: Largest amount of one operation, WalletContract.maximumAmount.
LIMIT = 1 << 53


def run(check):
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    with tempfile.TemporaryDirectory() as folder:
        node = start(*BARE, "--folder", folder, "--port", str(port))
        try:
            ledger = wait_until_up(url, process=node)["id"]
            read_as(url, Participant("accreditor", f"{folder}/keys/accreditor.key"))
            wait_for_participants(url, 7)
            names = ("accreditor", "farm", "coldline")
            people = {name: Participant(name, f"{folder}/keys/{name}.key") for name in names}
            pay(check, url, ledger, people)
            rehearse(check, url, ledger, people)
        finally:
            stop(node)


def post(url, body):
    status, answer = request("POST", f"{url}/api/v1/transactions", body,
                             {"Content-Type": "application/cose", "Prefer": "wait=20"})
    told = json.loads(answer)
    return ("FINAL", told["height"]) if status == 201 else (told["code"], None)


def pay(check, url, ledger, people):
    def statement(payer, operation, payee, amount):
        arguments = {"to": payee, "amount": amount, "currency": "XPT"}
        return people[payer].sign(ledger, "wallet", operation, arguments, payee)[1]

    def balance(person):
        return get_json(f"{url}/api/v1/ledgers/{ledger}/state?key=wallet/accounts/XPT/{person}")["decoded"] or 0

    check("points are issued", post(url, statement("accreditor", "issue", "farm", 1000))[0] == "FINAL")
    same = statement("farm", "transfer", "coldline", 30)
    answers = []
    threads = [threading.Thread(target=lambda: answers.append(post(url, same))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    answers.append(post(url, same))
    check("COMMON-34: a payment sent nine times has one answer",
          len(set(answers)) == 1 and answers[0][0] == "FINAL", answers)
    check("COMMON-34: and moves money once", (balance("farm"), balance("coldline")) == (970, 30))
    told, _ = post(url, statement("farm", "transfer", "coldline", LIMIT + 1))
    check("COMMON-34: above the limit of one payment", told == "wallet-3", told)
    told, _ = post(url, statement("farm", "transfer", "coldline", 971))
    check("COMMON-34: more than there is", told == "wallet-100", told)
    told, _ = post(url, statement("farm", "issue", "farm", 1))
    check("money is made by its issuer alone", told == "wallet-5", told)
    for amount in range(1, 21):
        post(url, statement("farm", "transfer", "coldline", amount))
        post(url, statement("coldline", "transfer", "farm", amount // 2 + 1))
    time.sleep(0.5)  # the list is read from an index that follows the ledger
    sums = history(url, ledger)
    found = {name: balance(name) for name in ("farm", "coldline")}
    check("COMMON-34: every balance is the sum of its history", sums == found, f"{sums} {found}")
    supply = get_json(f"{url}/api/v1/ledgers/{ledger}/state?key=wallet/supply/XPT")["decoded"]
    hold = {"id": "h1", "to": "coldline", "amount": 40, "currency": "XPT", "until": int(time.time() * 1000) + 3_600_000}
    told, _ = post(url, people["farm"].sign(ledger, "wallet", "hold", hold, "farm")[1])
    check("money is set aside", told == "FINAL", told)
    report = get_json(f"{url}/api/v1/wallet/report")["items"]
    check("COMMON-10: the report finds what was issued in accounts and holds", report == [
        {"currency": "XPT", "issued": "1000", "accounts": "960", "held": "40", "isBalanced": True}], report)
    check("COMMON-10: all accounts together hold what was issued", sum(found.values()) == supply == 1000, found)
    print(f"wallet: balances {found}, issued {supply}", flush=True)


def history(url, ledger):
    """Balances as the accepted transactions of the wallet add up to."""
    sums = {}
    for item in get_json(f"{url}/api/v1/ledgers/{ledger}/transactions?contract=wallet&limit=500")["items"]:
        if item["status"] != "FINAL":
            continue
        told = get_json(f"{url}/api/v1/transactions/{item['id']}")
        amount, payee = told["arguments"]["amount"], told["arguments"]["to"]
        sums[payee] = sums.get(payee, 0) + amount
        if told["operation"] == "transfer":
            sums[told["issuer"]] = sums.get(told["issuer"], 0) - amount
    return sums


def rehearse(check, url, ledger, people):
    """COMMON-26: what an operation would do is told before anybody signs it, and is what happens when they do."""
    def told(person, name, arguments):
        status, body = request_as(people[person], "POST", f"{url}/api/v1/dry-runs", encode(["wallet", name, arguments]),
                                  {"Content-Type": "application/vnd.cairn.operation+cbor"})
        return json.loads(body) if status == 200 else {"status": status, "body": body[:200]}

    before = get_json(f"{url}/api/v1/ledgers")["items"][0]["height"]
    payment = {"to": "coldline", "amount": 5, "currency": "XPT"}
    good = told("farm", "transfer", payment)
    check("COMMON-26: a dry run says that it would be accepted, and what would happen", good.get("accepted")
          and {f"wallet/accounts/XPT/{who}" for who in ("farm", "coldline")} <= set(good["changes"]), good)
    bad = told("farm", "transfer", payment | {"amount": LIMIT})
    check("COMMON-26: or why it would be refused", bad.get("accepted") is False and bad["code"] == "wallet-100"
          and bad["message"], bad)
    check("COMMON-26: nothing of it is on the ledger", get_json(f"{url}/api/v1/ledgers")["items"][0]["height"] == before)
    status, _ = request("POST", f"{url}/api/v1/dry-runs", encode(["wallet", "transfer", payment]),
                        {"Content-Type": "application/vnd.cairn.operation+cbor"})
    check("a dry run is for those who are signed in", status == 401, status)
    _, body = people["farm"].sign(ledger, "wallet", "transfer", payment, "coldline")
    final, _ = post(url, body)
    check("COMMON-26: signed, it happens as was said", final == "FINAL", final)
