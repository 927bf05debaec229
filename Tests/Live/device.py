"""A device written from docs/reference/formats.md alone: signs SenML and publishes it over MQTT 5 with a client certificate."""
import base64
import datetime
import hashlib
import json
import re
import ssl
import time

import paho.mqtt.client as mqtt
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from statement import encode


def certificate(folder, name):
    """(certificate, key) files for a client, issued by the consortium's authority."""
    authority = x509.load_pem_x509_certificate(open(f"{folder}/ca/ca.pem", "rb").read())
    signer = serialization.load_pem_private_key(open(f"{folder}/ca/ca.key.pem", "rb").read(), None)
    key = ec.generate_private_key(ec.SECP256R1())
    now = datetime.datetime.now(datetime.timezone.utc)
    leaf = (x509.CertificateBuilder().subject_name(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)]))
            .issuer_name(authority.subject).public_key(key.public_key()).serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(hours=1)).not_valid_after(now + datetime.timedelta(days=1))
            .add_extension(x509.BasicConstraints(False, None), True)
            .add_extension(x509.ExtendedKeyUsage([x509.ExtendedKeyUsageOID.CLIENT_AUTH]), False)
            .sign(signer, hashes.SHA256()))
    paths = f"{folder}/ca/{re.sub('[^A-Za-z0-9]', '_', name)}.pem", f"{folder}/ca/{re.sub('[^A-Za-z0-9]', '_', name)}.key"
    open(paths[0], "wb").write(leaf.public_bytes(serialization.Encoding.PEM))
    open(paths[1], "wb").write(key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    return paths


class Device:
    def __init__(self, urn, member):
        self.urn, self.member, self.sequence = urn, member, 0
        self.key = Ed25519PrivateKey.generate()
        self.cose = encode({1: 1, -1: 6, -2: self.key.public_key().public_bytes_raw()})
        self.kid = hashlib.sha256(self.cose).digest()

    def connect(self, folder):
        port = int(re.search(r"^listener (\d+)", open(f"{folder}/broker/mosquitto.conf").read(), re.M).group(1))
        files = certificate(folder, self.urn)
        self.client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id=self.urn, protocol=mqtt.MQTTv5)
        self.client.tls_set(f"{folder}/ca/ca.pem", *files, tls_version=ssl.PROTOCOL_TLS_CLIENT)
        self.client.connect("127.0.0.1", port)
        self.client.loop_start()
        while not self.client.is_connected():
            time.sleep(0.02)

    def report(self, channel, records, ahead=0):
        """Publishes a pack and waits for the broker's acknowledgement; the device's clock runs ahead by so many seconds."""
        self.sequence += 1
        pack = [dict(record) for record in records]
        pack[0].update(bn=self.urn + ":", bt=time.time() + ahead)
        payload = json.dumps(pack, separators=(",", ":")).encode()
        topic = f"cairn/v1/{self.member}/{self.urn}/data/{channel}"
        signed = encode(["Signature1", encode({1: -8, 4: self.kid}), encode([topic, self.sequence]), payload])
        properties = Properties(PacketTypes.PUBLISH)
        signature = base64.urlsafe_b64encode(self.key.sign(signed)).rstrip(b"=").decode()
        properties.UserProperty = [("kid", self.kid.hex()), ("seq", str(self.sequence)), ("sig", signature)]
        self.client.publish(topic, payload, qos=1, properties=properties).wait_for_publish(10)

    def close(self):
        self.client.disconnect()
        self.client.loop_stop()
