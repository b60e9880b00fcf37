import java.util.List;
import org.apache.kafka.clients.admin.ScramCredentialInfo;
import org.apache.kafka.clients.admin.ScramMechanism;
import org.apache.kafka.clients.admin.UserScramCredentialDeletion;
import org.apache.kafka.clients.admin.UserScramCredentialUpsertion;
import org.apache.kafka.common.acl.AccessControlEntry;
import org.apache.kafka.common.acl.AccessControlEntryFilter;
import org.apache.kafka.common.acl.AclBinding;
import org.apache.kafka.common.acl.AclBindingFilter;
import org.apache.kafka.common.acl.AclOperation;
import org.apache.kafka.common.acl.AclPermissionType;
import org.apache.kafka.common.resource.PatternType;
import org.apache.kafka.common.resource.ResourcePattern;
import org.apache.kafka.common.resource.ResourcePatternFilter;
import org.apache.kafka.common.resource.ResourceType;

/** ACLs and the users of SCRAM. */
final class SecuritySteps {
  static void run(Tour tour) {
    acls(tour);
    scram(tour);
  }

  private static void acls(Tour tour) {
    var admin = tour.admin;
    var literal = binding(ResourceType.TOPIC, "secret", PatternType.LITERAL, AclOperation.READ);
    var prefixed = binding(ResourceType.GROUP, "sec", PatternType.PREFIXED, AclOperation.ALL);
    var cluster = binding(ResourceType.CLUSTER, "kafka-cluster", PatternType.LITERAL, AclOperation.ALTER);
    var notOfTopics = binding(ResourceType.TOPIC, "secret", PatternType.LITERAL, AclOperation.CLUSTER_ACTION);
    tour.step("createAcls", () -> admin.createAcls(List.of(literal, prefixed, cluster, notOfTopics)).values());
    tour.until("the ACLs are seen", () -> admin.describeAcls(AclBindingFilter.ANY).values().get().size() >= 3);
    tour.step("describeAcls", () -> admin.describeAcls(AclBindingFilter.ANY).values());
    tour.step("describeAcls that match", () -> admin.describeAcls(new AclBindingFilter(
        new ResourcePatternFilter(ResourceType.GROUP, "secure", PatternType.MATCH), AccessControlEntryFilter.ANY)).values());
    tour.step("deleteAcls", () -> admin.deleteAcls(List.of(literal.toFilter(), prefixed.toFilter(), literal.toFilter())).values());
    tour.step("deleteAcls, all", () -> admin.deleteAcls(List.of(AclBindingFilter.ANY)).all());
    tour.until("no ACL is left", () -> admin.describeAcls(AclBindingFilter.ANY).values().get().isEmpty());
  }

  private static AclBinding binding(ResourceType type, String name, PatternType pattern, AclOperation operation) {
    return new AclBinding(new ResourcePattern(type, name, pattern),
        new AccessControlEntry("User:alice", "*", operation, AclPermissionType.ALLOW));
  }

  private static void scram(Tour tour) {
    var admin = tour.admin;
    var good = new ScramCredentialInfo(ScramMechanism.SCRAM_SHA_256, 4096);
    tour.step("alterUserScramCredentials", () -> admin.alterUserScramCredentials(List.of(
        new UserScramCredentialUpsertion("alice", good, "secret"),
        new UserScramCredentialUpsertion("dave", good, "secret"),
        new UserScramCredentialUpsertion("dave", new ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, 5000), "secret"),
        new UserScramCredentialUpsertion("bob", new ScramCredentialInfo(ScramMechanism.SCRAM_SHA_256, 5), "secret"),
        new UserScramCredentialUpsertion("", good, "secret"),
        new UserScramCredentialDeletion("carol", ScramMechanism.SCRAM_SHA_256))).values());
    tour.until("the user is seen", () -> !admin.describeUserScramCredentials().users().get().isEmpty());
    tour.step("describeUserScramCredentials", () -> admin.describeUserScramCredentials().all());
    tour.step("describeUserScramCredentials of one", () -> admin.describeUserScramCredentials(List.of("alice")).description("alice"));
    tour.step("describeUserScramCredentials of none", () -> admin.describeUserScramCredentials(List.of("carol")).description("carol"));
    tour.step("alterUserScramCredentials, deleted", () -> admin.alterUserScramCredentials(List.of(
        new UserScramCredentialDeletion("alice", ScramMechanism.SCRAM_SHA_256))).values());
  }

  private SecuritySteps() {}
}
