"""The journey of ../README.md by confluent-kafka, which brings a current librdkafka."""

import json
import sys
import time

from confluent_kafka import Consumer, ConsumerGroupTopicPartitions, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

bootstrap, topic, group = sys.argv[1:4]
CODECS = ["none", "gzip", "snappy", "lz4", "zstd"]
PARTITIONS, EACH, MORE = 3, 50, 10
DEADLINE_S = 60


def produce(codec, values):
    producer = Producer({"bootstrap.servers": bootstrap, "compression.type": codec, "enable.idempotence": True})
    failed = []
    for index, value in enumerate(values):
        producer.produce(topic, value, key=f"k{index}", headers={"codec": codec},
                         on_delivery=lambda error, _: error and failed.append(error))
    assert producer.flush(DEADLINE_S) == 0, "not all records were delivered in time"
    assert not failed, failed


def consume(expected):
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": group, "auto.offset.reset": "earliest",
                         "enable.auto.commit": False})
    consumer.subscribe([topic])
    values, deadline = [], time.monotonic() + DEADLINE_S
    # A little longer than needed: a record too many must show.
    while time.monotonic() < deadline:
        message = consumer.poll(1.0)
        if message is None:
            if len(values) >= expected:
                break
            continue
        assert message.error() is None, message.error()
        assert message.headers()[0][0] == "codec", message.headers()
        values.append(message.value().decode())
    consumer.commit(asynchronous=False)
    consumer.close()
    return values


admin = AdminClient({"bootstrap.servers": bootstrap})
admin.create_topics([NewTopic(topic, num_partitions=PARTITIONS, replication_factor=1)])[topic].result(DEADLINE_S)

sent = {codec: [f"{codec}-{index}-" + "x" * 200 for index in range(EACH)] for codec in CODECS}
for codec, values in sent.items():
    produce(codec, values)
everything = sorted(value for values in sent.values() for value in values)
assert sorted(consume(len(everything))) == everything, "what was consumed is not what was produced"

more = [f"more-{index}" for index in range(MORE)]
produce("none", more)
resumed = consume(MORE)
assert sorted(resumed) == sorted(more), resumed

request = ConsumerGroupTopicPartitions(group, [TopicPartition(topic, number) for number in range(PARTITIONS)])
offsets = admin.list_consumer_group_offsets([request])[group].result(DEADLINE_S).topic_partitions
print(json.dumps({"client": "confluent-kafka", "codecs": CODECS, "consumed": len(everything), "resumed": len(resumed),
                  "committed": sum(max(offset.offset, 0) for offset in offsets)}))
