import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.clients.admin.AbortTransactionSpec;
import org.apache.kafka.clients.admin.DescribeProducersOptions;
import org.apache.kafka.clients.admin.ListTransactionsOptions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.ListOffsetsOptions;
import org.apache.kafka.clients.admin.TransactionState;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.IsolationLevel;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringSerializer;

/** Transactions: open ones seen, ended by others, and their producers fenced. */
final class TransactionSteps {
  private static final TopicPartition ZERO = new TopicPartition("moved", 0);

  static void run(Tour tour) {
    var admin = tour.admin;
    tour.step("createTopics for transactions", () -> admin.createTopics(List.of(new NewTopic("moved", 1, (short) 1))).values());
    tour.step("describeProducers of a partition without any", () -> admin.describeProducers(List.of(ZERO)).all());
    try (var open = producer(tour, "open"); var hanging = producer(tour, "hanging"); var other = producer(tour, "other")) {
      begin(tour, "open", open);
      tour.step("describeProducers", () -> admin.describeProducers(List.of(ZERO)).all());
      tour.step("describeProducers at a broker", () -> admin.describeProducers(List.of(ZERO), new DescribeProducersOptions().brokerId(1)).all());
      tour.step("describeProducers of none", () -> admin.describeProducers(List.of(new TopicPartition("missing", 0))).all());
      tour.step("describeTransactions", () -> admin.describeTransactions(List.of("open")).all());
      tour.step("describeTransactions of none", () -> admin.describeTransactions(List.of("none")).description("none"));
      tour.step("listTransactions", () -> admin.listTransactions().all());
      tour.step("listTransactions by broker", () -> admin.listTransactions().allByBrokerId());
      tour.step("listTransactions, filtered", () -> List.of(
          admin.listTransactions(new ListTransactionsOptions().filterStates(Set.of(TransactionState.COMPLETE_COMMIT))).all(),
          admin.listTransactions(new ListTransactionsOptions().filterStates(Set.of(TransactionState.ONGOING))).all(),
          admin.listTransactions(new ListTransactionsOptions().filterProducerIds(Set.of(123456L))).all(),
          admin.listTransactions(new ListTransactionsOptions().filterOnDuration(3_600_000)).all(),
          admin.listTransactions(new ListTransactionsOptions().filterOnTransactionalIdPattern("o.*")).all(),
          admin.listTransactions(new ListTransactionsOptions().filterOnTransactionalIdPattern("(")).all()));
      tour.step("listOffsets before an open transaction", () ->
          admin.listOffsets(Map.of(ZERO, OffsetSpec.latest()), new ListOffsetsOptions(IsolationLevel.READ_COMMITTED)).partitionResult(ZERO));
      commit(tour, "open", open);
      tour.until("the transaction is over", () -> admin.listTransactions(new ListTransactionsOptions().filterStates(Set.of(TransactionState.COMPLETE_COMMIT))).all().get().size() == 1);
      tour.step("describeTransactions after it", () -> admin.describeTransactions(List.of("open")).all());

      begin(tour, "hanging", hanging);
      tour.step("abortTransaction", () -> {
        var state = admin.describeProducers(List.of(ZERO)).all().get().get(ZERO).activeProducers().stream()
            .filter(it -> it.currentTransactionStartOffset().isPresent()).findFirst().orElseThrow();
        return admin.abortTransaction(new AbortTransactionSpec(ZERO, state.producerId(), (short) state.producerEpoch(), state.coordinatorEpoch().orElse(0))).all();
      });
      tour.step("abortTransaction of none", () -> admin.abortTransaction(new AbortTransactionSpec(new TopicPartition("missing", 0), 5L, (short) 0, 0)).all());
      tour.step("listOffsets after the abort", () ->
          admin.listOffsets(Map.of(ZERO, OffsetSpec.latest()), new ListOffsetsOptions(IsolationLevel.READ_COMMITTED)).partitionResult(ZERO));
      tour.step("describeProducers after it", () -> admin.describeProducers(List.of(ZERO)).all());
      tour.step("forceTerminateTransaction", () -> admin.forceTerminateTransaction("hanging").result());
      tour.step("forceTerminateTransaction of none", () -> admin.forceTerminateTransaction("none such").result());
      commit(tour, "hanging", hanging);

      begin(tour, "other", other);
      tour.step("fenceProducers", () -> {
        var result = admin.fenceProducers(List.of("other", "new"));
        return List.of(result.fencedProducers(), result.producerId("other"), result.epochId("other"), result.producerId("new"), result.epochId("new"));
      });
      commit(tour, "other", other);
      tour.until("no transaction is open", () -> admin.listTransactions().all().get().stream().allMatch(it -> it.state().name().startsWith("COMPLETE") || it.state() == TransactionState.EMPTY));
      tour.step("describeTransactions at the end", () -> admin.describeTransactions(List.of("open", "hanging", "other", "new")).all());
      tour.step("listOffsets at the end", () ->
          admin.listOffsets(Map.of(ZERO, OffsetSpec.latest()), new ListOffsetsOptions(IsolationLevel.READ_COMMITTED)).partitionResult(ZERO));
    }
  }

  private static KafkaProducer<String, String> producer(Tour tour, String id) {
    return new KafkaProducer<>(tour.config(Map.of("transactional.id", id)), new StringSerializer(), new StringSerializer());
  }

  private static void begin(Tour tour, String id, KafkaProducer<String, String> producer) {
    tour.step("a transaction begun, " + id, () -> {
      producer.initTransactions();
      producer.beginTransaction();
      return producer.send(new ProducerRecord<>("moved", 0, "k", "v")).get().offset();
    });
  }

  private static void commit(Tour tour, String id, KafkaProducer<String, String> producer) {
    tour.step("the transaction committed, " + id, () -> {
      producer.commitTransaction();
      return "committed";
    });
  }

  private TransactionSteps() {}
}
