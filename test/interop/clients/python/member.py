"""A member of a group, on the librdkafka that confluent-kafka ships: tells what it has and reads, a JSON object a line.

    member.py <bootstrap> <topic> <group> <name=value of librdkafka>...

Ends in order on SIGTERM. Offsets are committed as librdkafka does by itself: when partitions go, and at the end.
"""
import json
import signal
import sys

from confluent_kafka import Consumer

bootstrap, topic, group, *settings = sys.argv[1:]
running = True


def tell(**what):
    print(json.dumps(what), flush=True)


def stop(*_):
    global running
    running = False


signal.signal(signal.SIGTERM, stop)
consumer = Consumer({
    'bootstrap.servers': bootstrap,
    'group.id': group,
    'auto.offset.reset': 'earliest',
    **dict(setting.split('=', 1) for setting in settings),
})
consumer.subscribe(
    [topic],
    on_assign=lambda _, partitions: tell(assigned=[p.partition for p in partitions]),
    on_revoke=lambda _, partitions: tell(revoked=[p.partition for p in partitions]),
    on_lost=lambda _, partitions: tell(revoked=[p.partition for p in partitions]),
)
while running:
    message = consumer.poll(0.1)
    if message is None:
        continue
    if message.error():
        print(message.error(), file=sys.stderr, flush=True)
    else:
        tell(partition=message.partition(), offset=message.offset())
consumer.close()
