"""The journey of ../README.md by kafka-python."""

import json
import sys
import time

from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer
from kafka.admin import NewTopic

bootstrap, topic, group = sys.argv[1:4]
CODECS = ["none", "gzip", "snappy", "lz4", "zstd"]
PARTITIONS, EACH, MORE = 3, 50, 10
DEADLINE_S = 60


def produce(codec, values):
    producer = KafkaProducer(bootstrap_servers=bootstrap, compression_type=None if codec == "none" else codec,
                             enable_idempotence=True)
    sends = [producer.send(topic, value.encode(), key=f"k{index}".encode(), headers=[("codec", codec.encode())])
             for index, value in enumerate(values)]
    for send in sends:
        send.get(DEADLINE_S)
    producer.close()


def consume(expected):
    consumer = KafkaConsumer(topic, bootstrap_servers=bootstrap, group_id=group, auto_offset_reset="earliest",
                             enable_auto_commit=False)
    values, deadline = [], time.monotonic() + DEADLINE_S
    # One more empty poll than needed: a record too many must show.
    while time.monotonic() < deadline:
        polled = consumer.poll(timeout_ms=1000)
        if not polled and len(values) >= expected:
            break
        for records in polled.values():
            for record in records:
                assert record.headers[0][0] == "codec", record.headers
                values.append(record.value.decode())
    consumer.commit()
    consumer.close()
    return values


admin = KafkaAdminClient(bootstrap_servers=bootstrap)
admin.create_topics([NewTopic(topic, num_partitions=PARTITIONS, replication_factor=1)])

sent = {codec: [f"{codec}-{index}-" + "x" * 200 for index in range(EACH)] for codec in CODECS}
for codec, values in sent.items():
    produce(codec, values)
everything = sorted(value for values in sent.values() for value in values)
assert sorted(consume(len(everything))) == everything, "what was consumed is not what was produced"

more = [f"more-{index}" for index in range(MORE)]
produce("none", more)
resumed = consume(MORE)
assert sorted(resumed) == sorted(more), resumed

offsets = admin.list_group_offsets(group)
print(json.dumps({"client": "kafka-python", "codecs": CODECS, "consumed": len(everything), "resumed": len(resumed),
                  "committed": sum(max(offset.offset, 0) for offset in offsets[group].values())}))
admin.close()
