import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ListConsumerGroupOffsetsOptions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.ConsumerGroupMetadata;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.TransactionalIdNotFoundException;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

/**
 * What Java's producers are told when a broker ends their transaction, forgets them, or gives their id to another; each step
 * a line "rule · step · what came of it". Arguments: bootstrap servers.
 */
public final class TransactionRules {
  private static final Duration SOON = Duration.ofMillis(100);
  private final String bootstrap;
  private final Admin admin;
  private String rule = "";

  public static void main(String[] args) throws Exception {
    try (Admin admin = Admin.create(Map.of("bootstrap.servers", args[0]))) {
      var rules = new TransactionRules(args[0], admin);
      rules.timeOut();
      rules.timeOutUnnoticed();
      rules.zombie();
      rules.zombieWithUnsentRecords();
      rules.fencedByGeneration("classic");
      rules.fencedByGeneration("consumer");
      rules.expiry();
    }
  }

  private TransactionRules(String bootstrap, Admin admin) {
    this.bootstrap = bootstrap;
    this.admin = admin;
  }

  private void timeOut() throws Exception {
    begin("time-out", "timed", 1);
    try (var producer = producer("timed", Map.of("transaction.timeout.ms", 1000))) {
      producer.initTransactions();
      producer.beginTransaction();
      send(producer, "timed", "lost");
      untilState("timed", "CompleteAbort");
      step("sends more", () -> send(producer, "timed", "too late"));
      step("commits", () -> commit(producer));
      step("aborts", () -> abort(producer));
      step("goes on", () -> transact(producer, "timed", "by the same"));
    }
    step("another begins", () -> transactNew("timed", "timed", "by another"));
    step("read", () -> read("timed", 2));
  }

  private void timeOutUnnoticed() throws Exception {
    begin("time-out before the commit", "unnoticed", 1);
    try (var producer = producer("unnoticed", Map.of("transaction.timeout.ms", 1000))) {
      producer.initTransactions();
      producer.beginTransaction();
      send(producer, "unnoticed", "lost");
      untilState("unnoticed", "CompleteAbort");
      step("commits", () -> commit(producer));
      step("aborts", () -> abort(producer));
      step("goes on", () -> transact(producer, "unnoticed", "by the same"));
    }
    step("another begins", () -> transactNew("unnoticed", "unnoticed", "by another"));
    step("read", () -> read("unnoticed", 1));
  }

  private void zombie() throws Exception {
    begin("zombie", "zombie", 1);
    try (var zombie = producer("zombie", Map.of()); var heir = producer("zombie", Map.of())) {
      zombie.initTransactions();
      zombie.beginTransaction();
      send(zombie, "zombie", "of the zombie");
      heir.initTransactions();
      step("sends more", () -> send(zombie, "zombie", "more of the zombie"));
      step("commits", () -> commit(zombie));
      step("aborts", () -> abort(zombie));
      step("the heir", () -> transact(heir, "zombie", "of the heir"));
      step("goes on", () -> transact(zombie, "zombie", "again of the zombie"));
      step("the heir goes on", () -> transact(heir, "zombie", "more of the heir"));
    }
    step("read", () -> read("zombie", 2));
  }

  private void zombieWithUnsentRecords() throws Exception {
    begin("zombie with unsent records", "unsent", 1);
    try (var zombie = producer("unsent", Map.of("linger.ms", 60_000)); var heir = producer("unsent", Map.of())) {
      zombie.initTransactions();
      zombie.beginTransaction();
      var unsent = zombie.send(new ProducerRecord<>("unsent", 0, "k", "of the zombie"));
      heir.initTransactions();
      step("commits", () -> commit(zombie));
      step("its record", () -> unsent.get().offset());
      step("the heir", () -> transact(heir, "unsent", "of the heir"));
    }
    step("read", () -> read("unsent", 1));
  }

  /** KIP-447: offsets of a generation that is over are not committed. */
  private void fencedByGeneration(String protocol) throws Exception {
    String topic = "generations-" + protocol;
    begin("generation, " + protocol, topic, 2);
    try (var plain = producer(null, Map.of())) {
      for (int n = 0; n < 10; n++) plain.send(new ProducerRecord<>(topic, n % 2, "k", "v" + n)).get();
    }
    var zero = new TopicPartition(topic, 0);
    var one = new TopicPartition(topic, 1);
    try (var first = consumer(topic, protocol); var second = consumer(topic, protocol);
        var producer = producer("of-" + topic, Map.of())) {
      first.subscribe(List.of(topic));
      until("all partitions", () -> {
        first.poll(SOON);
        return first.assignment().size() == 2;
      });
      var before = copy(first.groupMetadata());
      second.subscribe(List.of(topic));
      until("a partition each", () -> {
        first.poll(SOON);
        second.poll(SOON);
        return first.assignment().size() == 1 && second.assignment().size() == 1;
      });
      producer.initTransactions();
      step("an old generation", () -> commitOffsets(producer, Map.of(zero, at(5), one, at(5)), before));
      step("aborts", () -> abort(producer));
      var nobody = new ConsumerGroupMetadata(topic, before.generationId(), "nobody", Optional.empty());
      step("nobody's", () -> commitOffsets(producer, Map.of(zero, at(4)), nobody));
      step("aborts again", () -> abort(producer));
      var owned = first.assignment().iterator().next();
      step("its own", () -> commitOffsets(producer, Map.of(owned, at(3)), first.groupMetadata()));
      step("the group's, by its name alone", () -> commitOffsets(producer, Map.of(owned, at(2)), new ConsumerGroupMetadata(topic)));
      step("committed", () -> {
        var stable = new ListConsumerGroupOffsetsOptions().requireStable(true);
        var committed = admin.listConsumerGroupOffsets(topic, stable).partitionsToOffsetAndMetadata().get();
        return committed.values().stream().filter(it -> it != null).map(OffsetAndMetadata::offset).sorted().toList();
      });
    }
  }

  private void expiry() throws Exception {
    begin("expiry", "expiring", 1);
    try (var producer = producer("expiring", Map.of())) {
      producer.initTransactions();
      step("begins", () -> transact(producer, "expiring", "before"));
      until("the id is gone", () -> {
        try {
          admin.describeTransactions(List.of("expiring")).description("expiring").get();
          return false;
        } catch (ExecutionException error) {
          return error.getCause() instanceof TransactionalIdNotFoundException;
        }
      });
      producer.beginTransaction();
      step("sends", () -> send(producer, "expiring", "by nobody"));
      step("commits", () -> {
        try {
          return commit(producer);
        } catch (KafkaException error) {
          return "refused"; // by the client or by the broker, whichever hears first
        }
      });
      step("aborts", () -> abort(producer));
      step("goes on", () -> transact(producer, "expiring", "by the same"));
    }
    step("another begins", () -> transactNew("expiring", "expiring", "by another"));
    step("its epoch", () -> admin.describeTransactions(List.of("expiring")).description("expiring").get().producerEpoch());
    step("read", () -> read("expiring", 2));
  }

  private void begin(String name, String topic, int partitions) throws Exception {
    rule = name;
    admin.createTopics(List.of(new NewTopic(topic, partitions, (short) 1))).all().get();
  }

  private void step(String what, Callable<Object> call) {
    String result;
    try {
      result = String.valueOf(call.call());
    } catch (ExecutionException error) {
      result = error.getCause().getClass().getSimpleName();
    } catch (Exception error) {
      result = error.getClass().getSimpleName();
    }
    System.out.println(rule + " · " + what + " · " + result);
  }

  private static Object send(KafkaProducer<String, String> producer, String topic, String value) throws Exception {
    producer.send(new ProducerRecord<>(topic, 0, "k", value)).get();
    return "sent";
  }

  private static Object commit(KafkaProducer<String, String> producer) {
    producer.commitTransaction();
    return "committed";
  }

  private static Object abort(KafkaProducer<String, String> producer) {
    producer.abortTransaction();
    return "aborted";
  }

  private static Object transact(KafkaProducer<String, String> producer, String topic, String value) throws Exception {
    producer.beginTransaction();
    send(producer, topic, value);
    return commit(producer);
  }

  private Object transactNew(String id, String topic, String value) throws Exception {
    try (var producer = producer(id, Map.of())) {
      producer.initTransactions();
      return transact(producer, topic, value);
    }
  }

  private static Object commitOffsets(
      KafkaProducer<String, String> producer, Map<TopicPartition, OffsetAndMetadata> offsets, ConsumerGroupMetadata of) {
    producer.beginTransaction();
    producer.sendOffsetsToTransaction(offsets, of);
    return commit(producer);
  }

  private static OffsetAndMetadata at(long offset) {
    return new OffsetAndMetadata(offset);
  }

  private static ConsumerGroupMetadata copy(ConsumerGroupMetadata of) {
    return new ConsumerGroupMetadata(of.groupId(), of.generationId(), of.memberId(), of.groupInstanceId());
  }

  /** What readers of committed records see, when it is so many at least. */
  private List<String> read(String topic, int count) {
    List<String> values = new ArrayList<>();
    try (var consumer = consumer(topic + "-readers", "classic")) {
      var zero = new TopicPartition(topic, 0);
      consumer.assign(List.of(zero));
      until(count + " records", () -> {
        consumer.poll(SOON).forEach(record -> values.add(record.value()));
        return values.size() >= count && consumer.position(zero) >= consumer.endOffsets(List.of(zero)).get(zero);
      });
    }
    return values;
  }

  private void untilState(String id, String state) {
    until(id + " is " + state, () -> admin.describeTransactions(List.of(id)).description(id).get().state().toString().equals(state));
  }

  interface Condition {
    boolean holds() throws Exception;
  }

  private static void until(String what, Condition condition) {
    long deadline = System.currentTimeMillis() + 60_000;
    Exception last = null;
    while (System.currentTimeMillis() < deadline) {
      try {
        if (condition.holds()) return;
        Thread.sleep(20);
      } catch (Exception error) {
        last = error;
      }
    }
    throw new IllegalStateException(what + " is not so within 60 s", last);
  }

  private KafkaProducer<String, String> producer(String transactionalId, Map<String, Object> more) {
    Map<String, Object> config = new HashMap<>(more);
    config.put("bootstrap.servers", bootstrap);
    if (transactionalId != null) config.put("transactional.id", transactionalId);
    return new KafkaProducer<>(config, new StringSerializer(), new StringSerializer());
  }

  private KafkaConsumer<String, String> consumer(String group, String protocol) {
    Map<String, Object> config = new HashMap<>(Map.of(
        "bootstrap.servers", bootstrap, "group.id", group, "group.protocol", protocol, "auto.offset.reset", "earliest",
        "enable.auto.commit", false, "isolation.level", "read_committed"));
    if (protocol.equals("classic")) config.put("heartbeat.interval.ms", 300);
    return new KafkaConsumer<>(config, new StringDeserializer(), new StringDeserializer());
  }
}
