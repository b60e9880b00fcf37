"""Produces 0, 1, 2, … at a steady rate by librdkafka, idempotent, until SIGTERM; prints `value partition:offset` for
each acknowledgement. Arguments: bootstrap, topic, records a second."""

import signal
import sys
import time

from confluent_kafka import Producer

bootstrap, topic, rate = sys.argv[1], sys.argv[2], int(sys.argv[3])
stopped = False


def stop(*_):
    global stopped
    stopped = True


def delivered(error, message):
    if error is not None:
        print(f"not delivered: {error}", file=sys.stderr)
        sys.exit(1)
    print(f"{message.value().decode()} {message.partition()}:{message.offset()}", flush=True)


signal.signal(signal.SIGTERM, stop)
producer = Producer({"bootstrap.servers": bootstrap, "enable.idempotence": True, "linger.ms": 5,
                     "message.timeout.ms": 110_000, "reconnect.backoff.max.ms": 500})
value, start = 0, time.monotonic()
while not stopped:
    while value < (time.monotonic() - start) * rate:
        try:
            producer.produce(topic, str(value), on_delivery=delivered)
            value += 1
        except BufferError:
            break
    producer.poll(0.005)
producer.flush(60)
