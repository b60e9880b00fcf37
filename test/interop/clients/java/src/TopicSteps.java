import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.apache.kafka.clients.admin.CreatePartitionsOptions;
import org.apache.kafka.clients.admin.CreateTopicsOptions;
import org.apache.kafka.clients.admin.DescribeTopicsOptions;
import org.apache.kafka.clients.admin.ListTopicsOptions;
import org.apache.kafka.clients.admin.ListOffsetsOptions;
import org.apache.kafka.clients.admin.NewPartitionReassignment;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.ElectionType;
import org.apache.kafka.common.IsolationLevel;
import org.apache.kafka.common.TopicCollection;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.serialization.StringSerializer;

/** Topics, partitions and their records. */
final class TopicSteps {
  private static final TopicPartition ZERO = new TopicPartition("orders", 0);
  private static final TopicPartition FAR = new TopicPartition("orders", 9);
  private static final TopicPartition MISSING = new TopicPartition("missing", 0);

  static void run(Tour tour) {
    topics(tour);
    partitions(tour);
    records(tour);
    replicas(tour);
    deletion(tour);
  }

  private static void topics(Tour tour) {
    var admin = tour.admin;
    var orders = new NewTopic("orders", 2, (short) 1).configs(Map.of("retention.ms", "3600000", "segment.bytes", "2000000"));
    tour.step("createTopics, to be checked only", () ->
        admin.createTopics(List.of(orders, new NewTopic("bad/name", 1, (short) 1)), new CreateTopicsOptions().validateOnly(true)).values());
    var created = admin.createTopics(List.of(
        orders,
        new NewTopic("plain", Optional.empty(), Optional.empty()),
        new NewTopic("placed", Map.of(0, List.of(1), 1, List.of(1))),
        new NewTopic("misplaced", Map.of(0, List.of(1), 2, List.of(1))),
        new NewTopic("elsewhere", Map.of(0, List.of(7))),
        new NewTopic("factor", 1, (short) 3),
        new NewTopic("none", 0, (short) 1),
        new NewTopic("bad/name", 1, (short) 1),
        new NewTopic("odd", 1, (short) 1).configs(Map.of("no.such", "1"))));
    tour.step("createTopics", created::values);
    for (String name : List.of("orders", "plain", "placed", "factor")) {
      tour.step("createTopics, " + name + " as made", () -> List.of(
          created.topicId(name), created.numPartitions(name), created.replicationFactor(name)));
    }
    tour.step("createTopics, configs as made", () -> created.config("orders"));
    tour.step("createTopics, again", () -> admin.createTopics(List.of(orders)).values());
    tour.until("the new topics are led", () -> {
      var described = admin.describeTopics(List.of("orders", "plain", "placed")).allTopicNames().get();
      return described.values().stream().allMatch(it -> it.partitions().stream().allMatch(p -> p.leader() != null));
    });
    tour.step("listTopics", () -> admin.listTopics().listings());
    tour.step("listTopics, internal ones too", () -> admin.listTopics(new ListTopicsOptions().listInternal(true)).names());
    tour.step("describeTopics by name", () ->
        admin.describeTopics(List.of("orders", "plain", "placed", "missing", "bad/name"),
            new DescribeTopicsOptions().includeAuthorizedOperations(true)).topicNameValues());
    tour.step("describeTopics, two partitions a page", () ->
        admin.describeTopics(List.of("orders", "placed"), new DescribeTopicsOptions().partitionSizeLimitPerResponse(2)).topicNameValues());
    tour.step("describeTopics by id", () ->
        admin.describeTopics(TopicCollection.ofTopicIds(List.of(created.topicId("orders").get()))).allTopicIds());
    tour.step("describeTopics by an id of none", () ->
        admin.describeTopics(TopicCollection.ofTopicIds(List.of(Uuid.randomUuid()))).allTopicIds());
  }

  private static void partitions(Tour tour) {
    var admin = tour.admin;
    tour.step("createPartitions, to be checked only", () ->
        admin.createPartitions(Map.of("plain", NewPartitions.increaseTo(3)), new CreatePartitionsOptions().validateOnly(true)).values());
    tour.step("createPartitions", () -> admin.createPartitions(Map.of(
        "plain", NewPartitions.increaseTo(3),
        "placed", NewPartitions.increaseTo(3, List.of(List.of(1))),
        "orders", NewPartitions.increaseTo(1),
        "missing", NewPartitions.increaseTo(3))).values());
    tour.step("createPartitions, elsewhere", () ->
        admin.createPartitions(Map.of("placed", NewPartitions.increaseTo(4, List.of(List.of(8))))).values());
    tour.until("the new partitions are led", () -> admin.describeTopics(List.of("plain")).allTopicNames().get().get("plain").partitions().size() == 3);
    tour.step("describeTopics, more partitions", () -> admin.describeTopics(List.of("plain")).allTopicNames());
  }

  private static void records(Tour tour) {
    var admin = tour.admin;
    tour.step("produce", () -> {
      try (var producer = new KafkaProducer<>(tour.config(Map.of("linger.ms", "1000")), new StringSerializer(), new StringSerializer())) {
        for (int n = 0; n < 20; n++) producer.send(new ProducerRecord<>("orders", 0, 1_000_000L + 1000L * n, "k" + n, "v" + n));
      }
      return null;
    });
    Map<String, OffsetSpec> specs = new TreeMap<>(Map.of(
        "earliest", OffsetSpec.earliest(),
        "latest", OffsetSpec.latest(),
        "a time", OffsetSpec.forTimestamp(1_005_500L),
        "a time to come", OffsetSpec.forTimestamp(4_000_000_000_000L),
        "the highest timestamp", OffsetSpec.maxTimestamp(),
        "earliest local", OffsetSpec.earliestLocal(),
        "latest tiered", OffsetSpec.latestTiered(),
        "earliest pending upload", OffsetSpec.earliestPendingUpload()));
    specs.forEach((name, spec) -> tour.step("listOffsets, " + name, () -> offsets(tour, spec)));
    tour.step("listOffsets, read committed", () ->
        admin.listOffsets(Map.of(ZERO, OffsetSpec.latest()), new ListOffsetsOptions(IsolationLevel.READ_COMMITTED)).all());
    tour.step("deleteRecords", () -> admin.deleteRecords(Map.of(ZERO, RecordsToDelete.beforeOffset(5))).lowWatermarks());
    tour.step("deleteRecords, beyond the end", () -> admin.deleteRecords(Map.of(ZERO, RecordsToDelete.beforeOffset(500))).lowWatermarks());
    tour.step("deleteRecords, of none", () -> admin.deleteRecords(Map.of(FAR, RecordsToDelete.beforeOffset(1), MISSING, RecordsToDelete.beforeOffset(1))).lowWatermarks());
    tour.step("deleteRecords, all", () -> admin.deleteRecords(Map.of(ZERO, RecordsToDelete.beforeOffset(-1))).lowWatermarks());
    tour.step("listOffsets, after it", () -> offsets(tour, OffsetSpec.earliest()));
    tour.step("describeReplicaLogDirs", () -> {
      var here = new org.apache.kafka.common.TopicPartitionReplica("orders", 0, 1);
      return admin.describeReplicaLogDirs(List.of(here, new org.apache.kafka.common.TopicPartitionReplica("missing", 0, 1))).values();
    });
    tour.step("describeLogDirs", () -> {
      var dirs = admin.describeLogDirs(List.of(1)).allDescriptions().get().get(1).values();
      List<Object> told = new ArrayList<>();
      for (var dir : dirs) {
        told.add(dir.error());
        told.add(dir.totalBytes().orElse(-1) > 0 && dir.usableBytes().orElse(-1) > 0);
        told.add(dir.isCordoned());
        dir.replicaInfos().forEach((partition, info) -> {
          if (partition.topic().equals("orders")) told.add(Map.of(partition, info));
        });
      }
      return told;
    });
    tour.step("describeLogDirs, of no such broker", () -> admin.describeLogDirs(List.of(7)).descriptions());
  }

  private static Map<TopicPartition, Object> offsets(Tour tour, OffsetSpec spec) {
    var asked = Map.of(ZERO, spec, new TopicPartition("orders", 1), spec);
    var result = tour.admin.listOffsets(asked);
    return Map.of(ZERO, result.partitionResult(ZERO), new TopicPartition("orders", 1), result.partitionResult(new TopicPartition("orders", 1)));
  }

  private static void replicas(Tour tour) {
    var admin = tour.admin;
    for (var type : ElectionType.values()) {
      tour.step("electLeaders " + type, () -> admin.electLeaders(type, Set.of(ZERO, FAR, MISSING)).partitions());
    }
    tour.step("electLeaders everywhere", () -> admin.electLeaders(ElectionType.PREFERRED, null).partitions());
    tour.step("alterPartitionReassignments", () -> admin.alterPartitionReassignments(Map.of(
        ZERO, Optional.of(new NewPartitionReassignment(List.of(1))),
        new TopicPartition("orders", 1), Optional.of(new NewPartitionReassignment(List.of(7))),
        new TopicPartition("plain", 0), Optional.empty(),
        FAR, Optional.of(new NewPartitionReassignment(List.of(1))),
        MISSING, Optional.of(new NewPartitionReassignment(List.of(1))))).values());
    tour.step("listPartitionReassignments", () -> admin.listPartitionReassignments().reassignments());
    tour.step("listPartitionReassignments of some", () -> admin.listPartitionReassignments(Set.of(ZERO, MISSING)).reassignments());
  }

  private static void deletion(Tour tour) {
    var admin = tour.admin;
    tour.step("deleteTopics by id", () -> {
      var id = admin.describeTopics(List.of("plain")).allTopicNames().get().get("plain").topicId();
      return admin.deleteTopics(TopicCollection.ofTopicIds(List.of(id))).topicIdValues();
    });
    tour.step("deleteTopics by an id of none", () -> admin.deleteTopics(TopicCollection.ofTopicIds(List.of(Uuid.randomUuid()))).topicIdValues());
    tour.step("deleteTopics by name", () -> admin.deleteTopics(List.of("placed", "missing", "bad/name")).topicNameValues());
    tour.until("they are gone", () -> Set.of("orders").equals(admin.listTopics().names().get()));
    tour.step("listTopics, after it", () -> admin.listTopics().names());
  }

  private TopicSteps() {}
}
