import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.admin.DescribeClusterOptions;
import org.apache.kafka.clients.admin.FeatureUpdate;
import org.apache.kafka.clients.admin.FeatureUpdate.UpgradeType;
import org.apache.kafka.clients.admin.UpdateFeaturesOptions;

/** The cluster about itself: who is there, its quorum, its features. */
final class ClusterSteps {
  static void run(Tour tour) {
    var admin = tour.admin;
    tour.step("describeCluster", () -> {
      var result = admin.describeCluster(new DescribeClusterOptions().includeAuthorizedOperations(true).includeFencedBrokers(true));
      Map<String, Object> told = new LinkedHashMap<>();
      told.put("nodes", result.nodes());
      told.put("controller", result.controller());
      told.put("clusterId", result.clusterId());
      told.put("operations", result.authorizedOperations());
      return told;
    });
    tour.step("describeMetadataQuorum", () -> admin.describeMetadataQuorum().quorumInfo());
    tour.step("describeFeatures", () -> admin.describeFeatures().featureMetadata());
    update(tour, "none such", "no.such", 1, UpgradeType.UPGRADE, false);
    update(tour, "too high", "transaction.version", 9, UpgradeType.UPGRADE, false);
    update(tour, "down, as if up", "transaction.version", 1, UpgradeType.UPGRADE, false);
    update(tour, "to be checked only", "transaction.version", 1, UpgradeType.SAFE_DOWNGRADE, true);
    update(tour, "down", "transaction.version", 1, UpgradeType.SAFE_DOWNGRADE, false);
    tour.step("describeFeatures after it", () -> admin.describeFeatures().featureMetadata().get().finalizedFeatures().get("transaction.version").toString());
    update(tour, "up", "transaction.version", 2, UpgradeType.UPGRADE, false);
    tour.until("the features are as they were", () ->
        admin.describeFeatures().featureMetadata().get().finalizedFeatures().get("transaction.version").maxVersionLevel() == 2);
  }

  private static void update(Tour tour, String what, String feature, int level, UpgradeType type, boolean validateOnly) {
    tour.step("updateFeatures, " + what, () -> tour.admin.updateFeatures(
        Map.of(feature, new FeatureUpdate((short) level, type)), new UpdateFeaturesOptions().validateOnly(validateOnly)).values());
  }

  private ClusterSteps() {}
}
