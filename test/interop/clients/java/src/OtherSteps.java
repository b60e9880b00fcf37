import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.clients.admin.ListShareGroupOffsetsSpec;
import org.apache.kafka.clients.admin.ListStreamsGroupOffsetsSpec;
import org.apache.kafka.clients.admin.RaftVoterEndpoint;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.TopicPartitionReplica;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.quota.ClientQuotaAlteration;
import org.apache.kafka.common.quota.ClientQuotaEntity;
import org.apache.kafka.common.quota.ClientQuotaFilter;

/** What is not served here or has no meaning on one node: share and streams groups, quotas, tokens, telemetry, moves. */
final class OtherSteps {
  private static final TopicPartition ZERO = new TopicPartition("orders", 0);

  static void run(Tour tour) {
    var admin = tour.admin;
    tour.step("listClientMetricsResources", () -> listClientMetricsResources(tour));
    tour.step("describeClientQuotas", () -> admin.describeClientQuotas(ClientQuotaFilter.all()).entities());
    tour.step("alterClientQuotas", () -> admin.alterClientQuotas(List.of(new ClientQuotaAlteration(
        new ClientQuotaEntity(Map.of("user", "alice")), List.of(new ClientQuotaAlteration.Op("producer_byte_rate", 1e6))))).all());
    tour.step("createDelegationToken", () -> admin.createDelegationToken().delegationToken());
    tour.step("renewDelegationToken", () -> admin.renewDelegationToken(new byte[3]).expiryTimestamp());
    tour.step("expireDelegationToken", () -> admin.expireDelegationToken(new byte[3]).expiryTimestamp());
    tour.step("describeDelegationToken", () -> admin.describeDelegationToken().delegationTokens());
    tour.step("alterReplicaLogDirs", () -> admin.alterReplicaLogDirs(Map.of(new TopicPartitionReplica("orders", 0, 1), "/nowhere")).values());
    tour.step("clientInstanceId", () -> admin.clientInstanceId(Duration.ofSeconds(5)));
    tour.step("addRaftVoter", () -> admin.addRaftVoter(2, Uuid.randomUuid(), Set.of(new RaftVoterEndpoint("CONTROLLER", "127.0.0.1", 9))).all());
    tour.step("removeRaftVoter", () -> admin.removeRaftVoter(2, Uuid.randomUuid()).all());
    tour.step("unregisterBroker", () -> admin.unregisterBroker(7).all());

    tour.step("describeShareGroups", () -> admin.describeShareGroups(List.of("share")).all());
    tour.step("listShareGroupOffsets", () -> admin.listShareGroupOffsets(Map.of("share", new ListShareGroupOffsetsSpec())).all());
    tour.step("alterShareGroupOffsets", () -> admin.alterShareGroupOffsets("share", Map.of(ZERO, 1L)).all());
    tour.step("deleteShareGroupOffsets", () -> admin.deleteShareGroupOffsets("share", Set.of("orders")).all());
    tour.step("deleteShareGroups", () -> admin.deleteShareGroups(List.of("none")).all());

    tour.step("describeStreamsGroups", () -> admin.describeStreamsGroups(List.of("streams")).all());
    tour.step("listStreamsGroupOffsets", () -> admin.listStreamsGroupOffsets(Map.of("streams", new ListStreamsGroupOffsetsSpec())).all());
    tour.step("alterStreamsGroupOffsets", () -> admin.alterStreamsGroupOffsets("streams", Map.of()).all());
    tour.step("deleteStreamsGroupOffsets", () -> admin.deleteStreamsGroupOffsets("streams", Set.of(ZERO)).all());
    tour.step("deleteStreamsGroups", () -> admin.deleteStreamsGroups(List.of("streams")).all());
  }

  @SuppressWarnings("removal") // it is still served
  private static Object listClientMetricsResources(Tour tour) {
    return tour.admin.listClientMetricsResources().all();
  }

  private OtherSteps() {}
}
