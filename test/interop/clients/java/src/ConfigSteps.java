import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.AlterConfigOp.OpType;
import org.apache.kafka.clients.admin.AlterConfigsOptions;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.DescribeConfigsOptions;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.config.ConfigResource.Type;

/** Configs of topics, brokers and groups. */
final class ConfigSteps {
  private static final ConfigResource TOPIC = new ConfigResource(Type.TOPIC, "orders");
  private static final ConfigResource BROKER = new ConfigResource(Type.BROKER, "1");
  private static final ConfigResource BROKERS = new ConfigResource(Type.BROKER, "");
  private static final ConfigResource GROUP = new ConfigResource(Type.GROUP, "tuned");

  static void run(Tour tour) {
    var admin = tour.admin;
    tour.step("describeConfigs of a topic", () -> admin.describeConfigs(List.of(TOPIC),
        new DescribeConfigsOptions().includeSynonyms(true).includeDocumentation(true)).values());
    tour.step("describeConfigs of a broker", () -> admin.describeConfigs(List.of(BROKER)).values());
    tour.step("describeConfigs of all brokers", () -> admin.describeConfigs(List.of(BROKERS)).values());
    tour.step("describeConfigs of a group", () -> admin.describeConfigs(List.of(GROUP)).values());
    tour.step("describeConfigs of none", () -> admin.describeConfigs(List.of(new ConfigResource(Type.TOPIC, "missing"))).values());
    tour.step("describeConfigs of a broker's loggers", () -> {
      var loggers = admin.describeConfigs(List.of(new ConfigResource(Type.BROKER_LOGGER, "1"))).all().get();
      return loggers.values().stream().map(it -> it.get("root") != null).toList();
    });

    alter(tour, "set, append, delete", TOPIC, op("retention.ms", "1000", OpType.SET), op("cleanup.policy", "compact", OpType.APPEND), op("segment.bytes", "", OpType.DELETE));
    tour.step("describeConfigs of the topic after it", () -> own(tour, TOPIC));
    alter(tour, "subtract", TOPIC, op("cleanup.policy", "delete", OpType.SUBTRACT));
    tour.step("describeConfigs of the topic after that", () -> own(tour, TOPIC));
    alter(tour, "back", TOPIC, op("cleanup.policy", "", OpType.DELETE));
    alter(tour, "a bad value", TOPIC, op("retention.ms", "soon", OpType.SET));
    alter(tour, "an unknown config", TOPIC, op("no.such", "1", OpType.SET));
    alter(tour, "an append to what is no list", TOPIC, op("retention.ms", "1", OpType.APPEND));
    alter(tour, "a topic that is none", new ConfigResource(Type.TOPIC, "missing"), op("retention.ms", "1000", OpType.SET));
    alter(tour, "a broker", BROKER, op("log.cleaner.threads", "2", OpType.SET));
    alter(tour, "all brokers", BROKERS, op("log.retention.ms", "70000000", OpType.SET));
    alter(tour, "a broker's read-only config", BROKER, op("log.dirs", "/tmp/x", OpType.SET));
    tour.until("the broker has taken it", () -> own(tour, BROKER).containsKey("log.retention.ms"));
    tour.step("describeConfigs of the broker after it", () -> own(tour, BROKER));
    tour.step("describeConfigs of all brokers after it", () -> own(tour, BROKERS));
    alter(tour, "a broker, back", BROKER, op("log.cleaner.threads", "", OpType.DELETE));
    alter(tour, "all brokers, back", BROKERS, op("log.retention.ms", "", OpType.DELETE));
    alter(tour, "a group", GROUP, op("consumer.session.timeout.ms", "50000", OpType.SET));
    alter(tour, "a group, too much", GROUP, op("consumer.session.timeout.ms", "5000000", OpType.SET));
    tour.until("the group has it", () -> own(tour, GROUP).containsKey("consumer.session.timeout.ms"));
    tour.step("describeConfigs of the group after it", () -> own(tour, GROUP));
    tour.step("incrementalAlterConfigs, to be checked only", () -> admin.incrementalAlterConfigs(
        Map.of(TOPIC, List.of(op("retention.ms", "5", OpType.SET))), new AlterConfigsOptions().validateOnly(true)).values());

    tour.step("listConfigResources", () -> admin.listConfigResources());
    for (Type type : List.of(Type.TOPIC, Type.BROKER, Type.BROKER_LOGGER, Type.GROUP, Type.CLIENT_METRICS)) {
      tour.step("listConfigResources, " + type, () -> {
        var all = admin.listConfigResources(Set.of(type), new org.apache.kafka.clients.admin.ListConfigResourcesOptions()).all().get();
        return all.stream().filter(it -> !it.name().startsWith("__")).toList();
      });
    }
    alter(tour, "the group, back", GROUP, op("consumer.session.timeout.ms", "", OpType.DELETE));
  }

  private static AlterConfigOp op(String name, String value, OpType type) {
    return new AlterConfigOp(new ConfigEntry(name, value), type);
  }

  private static void alter(Tour tour, String what, ConfigResource resource, AlterConfigOp... ops) {
    tour.step("incrementalAlterConfigs, " + what, () -> tour.admin.incrementalAlterConfigs(Map.of(resource, (Collection<AlterConfigOp>) List.of(ops))).values());
  }

  /** The entries that were set for the resource or for all. */
  private static Map<String, String> own(Tour tour, ConfigResource resource) throws Exception {
    return tour.admin.describeConfigs(List.of(resource)).all().get().get(resource).entries().stream()
        .filter(it -> it.source().name().startsWith("DYNAMIC"))
        .collect(Collectors.toMap(ConfigEntry::name, it -> it.value() + " " + it.source()));
  }

  private ConfigSteps() {}
}
