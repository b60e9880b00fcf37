"""Logs in by SASL with each of the Python clients, and says which got in: a current librdkafka, and two in pure Python."""

import asyncio
import json
import sys

from aiokafka.admin import AIOKafkaAdminClient
from confluent_kafka.admin import AdminClient
from kafka import KafkaAdminClient

bootstrap, mechanism, user, password = sys.argv[1:5]
plain = {"bootstrap_servers": bootstrap, "security_protocol": "SASL_PLAINTEXT", "sasl_mechanism": mechanism,
         "sasl_plain_username": user, "sasl_plain_password": password}


def by_librdkafka():
    settings = {"bootstrap.servers": bootstrap, "security.protocol": "SASL_PLAINTEXT", "sasl.mechanism": mechanism,
                "sasl.username": user, "sasl.password": password}
    AdminClient(settings).list_topics(timeout=5)


def by_kafka_python():
    client = KafkaAdminClient(**plain, request_timeout_ms=5000)
    client.list_topics()
    client.close()


async def by_aiokafka():
    client = AIOKafkaAdminClient(**plain, request_timeout_ms=5000)
    await client.start()
    await client.list_topics()
    await client.close()


got_in = {}
for name, attempt in {"librdkafka": by_librdkafka, "kafka-python": by_kafka_python,
                      "aiokafka": lambda: asyncio.run(by_aiokafka())}.items():
    try:
        attempt()
        got_in[name] = True
    except Exception:  # each client has its own
        got_in[name] = False
print(json.dumps(got_in))
