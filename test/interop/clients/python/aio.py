"""The journey of ../README.md by aiokafka."""

import asyncio
import json
import sys

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

bootstrap, topic, group = sys.argv[1:4]
CODECS = ["none", "gzip", "snappy", "lz4", "zstd"]
PARTITIONS, EACH, MORE = 3, 50, 10
DEADLINE_S = 60


async def produce(codec, values):
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, enable_idempotence=True,
                                compression_type=None if codec == "none" else codec)
    await producer.start()
    try:
        sends = [await producer.send(topic, value.encode(), key=f"k{index}".encode(), headers=[("codec", codec.encode())])
                 for index, value in enumerate(values)]
        await asyncio.wait_for(asyncio.gather(*sends), DEADLINE_S)
    finally:
        await producer.stop()


async def consume(expected):
    consumer = AIOKafkaConsumer(topic, bootstrap_servers=bootstrap, group_id=group, auto_offset_reset="earliest",
                                enable_auto_commit=False)
    await consumer.start()
    values = []
    try:
        async with asyncio.timeout(DEADLINE_S):
            # One more empty poll than needed: a record too many must show.
            while True:
                polled = await consumer.getmany(timeout_ms=1000)
                if not polled and len(values) >= expected:
                    break
                for records in polled.values():
                    for record in records:
                        assert record.headers[0][0] == "codec", record.headers
                        values.append(record.value.decode())
        await consumer.commit()
    finally:
        await consumer.stop()
    return values


async def main():
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    await admin.create_topics([NewTopic(topic, num_partitions=PARTITIONS, replication_factor=1)])

    sent = {codec: [f"{codec}-{index}-" + "x" * 200 for index in range(EACH)] for codec in CODECS}
    for codec, values in sent.items():
        await produce(codec, values)
    everything = sorted(value for values in sent.values() for value in values)
    assert sorted(await consume(len(everything))) == everything, "what was consumed is not what was produced"

    more = [f"more-{index}" for index in range(MORE)]
    await produce("none", more)
    resumed = await consume(MORE)
    assert sorted(resumed) == sorted(more), resumed

    offsets = await admin.list_consumer_group_offsets(
        group, partitions=[TopicPartition(topic, number) for number in range(PARTITIONS)])
    await admin.close()
    print(json.dumps({"client": "aiokafka", "codecs": CODECS, "consumed": len(everything), "resumed": len(resumed),
                      "committed": sum(max(offset.offset, 0) for offset in offsets.values())}))


asyncio.run(main())
