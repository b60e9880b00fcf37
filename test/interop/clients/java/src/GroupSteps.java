import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.clients.admin.DescribeConsumerGroupsOptions;
import org.apache.kafka.clients.admin.ListConsumerGroupOffsetsOptions;
import org.apache.kafka.clients.admin.ListConsumerGroupOffsetsSpec;
import org.apache.kafka.clients.admin.ListGroupsOptions;
import org.apache.kafka.clients.admin.MemberToRemove;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.RemoveMembersFromConsumerGroupOptions;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.GroupState;
import org.apache.kafka.common.GroupType;
import org.apache.kafka.common.TopicPartition;

/** Groups of both protocols: with members, without, and only with offsets. */
final class GroupSteps {
  private static final TopicPartition ZERO = new TopicPartition("grouped", 0);
  private static final TopicPartition ONE = new TopicPartition("grouped", 1);
  private static final List<String> ALL = List.of("classic", "modern", "simple", "none");

  static void run(Tour tour) throws IllegalStateException {
    var admin = tour.admin;
    tour.step("createTopics for the groups", () -> admin.createTopics(List.of(new NewTopic("grouped", 2, (short) 1))).values());
    tour.step("alterConsumerGroupOffsets, a group of its own", () -> {
      var result = admin.alterConsumerGroupOffsets("simple", Map.of(
          ZERO, new OffsetAndMetadata(5, "five"), ONE, new OffsetAndMetadata(7), new TopicPartition("missing", 0), new OffsetAndMetadata(1)));
      return List.of(result.partitionResult(ZERO), result.partitionResult(ONE), result.partitionResult(new TopicPartition("missing", 0)));
    });
    Map<String, Object> consumerProtocol = Map.of("group.protocol", "consumer");
    try (var first = new GroupMember(tour, "classic", "c1", "grouped", Map.of("group.instance.id", "fixed"));
        var second = new GroupMember(tour, "modern", "m1", "grouped", consumerProtocol)) {
      tour.until("the first members have all", () -> first.partitions == 2 && second.partitions == 2);
      joined(tour, first, second);
    } catch (IllegalStateException error) {
      throw error;
    } catch (Exception error) {
      throw new IllegalStateException(error);
    }
    tour.until("the groups are empty", () -> admin.describeConsumerGroups(List.of("classic", "modern")).all().get().values().stream()
        .allMatch(it -> it.groupState() == GroupState.EMPTY));
    withoutMembers(tour);
  }

  private static void joined(Tour tour, GroupMember first, GroupMember second) throws Exception {
    var admin = tour.admin;
    try (var third = new GroupMember(tour, "modern", "m2", "grouped", Map.of("group.protocol", "consumer"))) {
      tour.until("the members have their partitions", () -> first.partitions == 2 && second.partitions == 1 && third.partitions == 1);
      tour.until("the groups are at rest", () -> admin.describeConsumerGroups(List.of("classic", "modern")).all().get().values().stream()
          .allMatch(it -> it.groupState() == GroupState.STABLE));
      withMembers(tour);
      first.close(); // it is static: it says nothing, and stays a member until it is removed
      tour.step("removeMembersFromConsumerGroup, by instance", () -> {
        var known = new MemberToRemove("fixed");
        var unknown = new MemberToRemove("unknown");
        var result = admin.removeMembersFromConsumerGroup("classic", new RemoveMembersFromConsumerGroupOptions(Set.of(known, unknown)));
        return List.of(result.memberResult(known), result.memberResult(unknown));
      });
      tour.step("removeMembersFromConsumerGroup, all", () -> admin.removeMembersFromConsumerGroup("modern", new RemoveMembersFromConsumerGroupOptions()).all());
      tour.until("the removed are back", () -> {
        var modern = admin.describeConsumerGroups(List.of("modern")).all().get().get("modern");
        return modern.groupState() == GroupState.STABLE && modern.members().size() == 2;
      });
      tour.step("removeMembersFromConsumerGroup, of none", () -> admin.removeMembersFromConsumerGroup("none", new RemoveMembersFromConsumerGroupOptions()).all());
    }
  }

  private static void withMembers(Tour tour) {
    var admin = tour.admin;
    tour.step("listGroups", () -> admin.listGroups().all());
    tour.step("listGroups, valid and errors", () -> List.of(admin.listGroups().valid(), admin.listGroups().errors()));
    tour.step("listGroups for consumers", () -> admin.listGroups(ListGroupsOptions.forConsumerGroups()).all());
    tour.step("listGroups by state", () -> admin.listGroups(new ListGroupsOptions().inGroupStates(Set.of(GroupState.EMPTY))).all());
    tour.step("listGroups by type", () -> admin.listGroups(new ListGroupsOptions().withTypes(Set.of(GroupType.CONSUMER))).all());
    tour.step("listGroups by protocol", () -> admin.listGroups(new ListGroupsOptions().withProtocolTypes(Set.of("consumer"))).all());
    tour.step("listConsumerGroups", () -> listConsumerGroups(tour));
    tour.step("describeConsumerGroups", () -> admin.describeConsumerGroups(ALL, new DescribeConsumerGroupsOptions().includeAuthorizedOperations(true)).describedGroups());
    tour.step("describeClassicGroups", () -> admin.describeClassicGroups(ALL).describedGroups());
    tour.step("alterConsumerGroupOffsets, while used", () -> admin.alterConsumerGroupOffsets("classic", Map.of(ZERO, new OffsetAndMetadata(1))).all());
    tour.step("alterConsumerGroupOffsets, while used by the new protocol", () -> admin.alterConsumerGroupOffsets("modern", Map.of(ZERO, new OffsetAndMetadata(1))).all());
    tour.step("deleteConsumerGroups, while used", () -> admin.deleteConsumerGroups(List.of("classic", "modern")).deletedGroups());
    for (String group : List.of("classic", "modern")) {
      tour.step("deleteConsumerGroupOffsets, while used, " + group, () -> deleteOffsets(tour, group));
    }
  }

  @SuppressWarnings("removal") // it is still served
  private static Object listConsumerGroups(Tour tour) {
    return tour.admin.listConsumerGroups().all();
  }

  private static Object deleteOffsets(Tour tour, String group) {
    var result = tour.admin.deleteConsumerGroupOffsets(group, Set.of(ZERO, new TopicPartition("missing", 3)));
    return List.of(result.partitionResult(ZERO), result.partitionResult(new TopicPartition("missing", 3)));
  }

  private static void withoutMembers(Tour tour) {
    var admin = tour.admin;
    tour.step("describeConsumerGroups, empty", () -> admin.describeConsumerGroups(ALL).describedGroups());
    for (String group : ALL) {
      tour.step("alterConsumerGroupOffsets, empty, " + group, () -> admin.alterConsumerGroupOffsets(group,
          Map.of(ZERO, new OffsetAndMetadata(3, java.util.Optional.of(0), "three"), ONE, new OffsetAndMetadata(4))).all());
    }
    tour.step("listConsumerGroupOffsets", () -> {
      Map<String, ListConsumerGroupOffsetsSpec> asked = new HashMap<>();
      for (String group : ALL) asked.put(group, new ListConsumerGroupOffsetsSpec());
      asked.put("unknown", new ListConsumerGroupOffsetsSpec());
      asked.put("simple", new ListConsumerGroupOffsetsSpec().topicPartitions(List.of(ONE, new TopicPartition("missing", 3))));
      return admin.listConsumerGroupOffsets(asked).all();
    });
    tour.step("listConsumerGroupOffsets, stable", () ->
        admin.listConsumerGroupOffsets("simple", new ListConsumerGroupOffsetsOptions().requireStable(true)).partitionsToOffsetAndMetadata());
    for (String group : List.of("classic", "modern", "unknown")) {
      tour.step("deleteConsumerGroupOffsets, " + group, () -> deleteOffsets(tour, group));
    }
    tour.step("listConsumerGroupOffsets, after it", () -> admin.listConsumerGroupOffsets("modern").partitionsToOffsetAndMetadata());
    tour.step("deleteConsumerGroups", () -> admin.deleteConsumerGroups(List.of("classic", "modern", "simple", "none", "unknown")).deletedGroups());
    tour.step("listGroups, after it", () -> admin.listGroups().all());
  }

  private GroupSteps() {}
}
