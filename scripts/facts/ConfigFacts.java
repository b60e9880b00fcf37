import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.DescribeConfigsOptions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.coordinator.group.GroupConfig;
import org.apache.kafka.server.config.AbstractKafkaConfig;
import org.apache.kafka.server.config.DynamicBrokerConfig;
import org.apache.kafka.server.config.ServerTopicConfigSynonyms;
import org.apache.kafka.server.metrics.ClientMetricsConfigs;
import org.apache.kafka.storage.internals.log.LogConfig;

/**
 * Prints every topic, broker, group and client-metrics config as JSON: what the definitions say (range, update mode,
 * synonyms, internal or not) beside what a running broker's DescribeConfigs answers (type, read only, sensitive,
 * default, the chain of synonyms). No documentation.
 */
class ConfigFacts {
    static final Map<String, String> UPDATE_MODES = DynamicBrokerConfig.dynamicConfigUpdateModes();

    /** Argument: the broker's port. */
    public static void main(String[] args) throws Exception {
        Map<String, Object> all = new LinkedHashMap<>();
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", "127.0.0.1:" + args[0]))) {
            admin.createTopics(List.of(new NewTopic("facts", 1, (short) 1))).all().get();
            // Group and client-metrics configs are described only for a name that has one.
            ConfigResource metrics = new ConfigResource(ConfigResource.Type.CLIENT_METRICS, "facts");
            admin.incrementalAlterConfigs(Map.of(metrics, List.of(new AlterConfigOp(
                new ConfigEntry("interval.ms", "1000"), AlterConfigOp.OpType.SET)))).all().get();

            all.put("topic", rows(LogConfig.configKeys(), described(admin, ConfigResource.Type.TOPIC, "facts")));
            all.put("broker", rows(AbstractKafkaConfig.CONFIG_DEF.configKeys(), described(admin, ConfigResource.Type.BROKER, "1")));
            all.put("group", rows(GroupConfig.CONFIG_DEF.configKeys(), described(admin, ConfigResource.Type.GROUP, "facts")));
            all.put("clientMetrics", rows(ClientMetricsConfigs.configDef().configKeys(),
                described(admin, ConfigResource.Type.CLIENT_METRICS, "facts")));
        }
        System.out.println(new ObjectMapper().writeValueAsString(all));
    }

    static Map<String, ConfigEntry> described(Admin admin, ConfigResource.Type type, String name) throws Exception {
        ConfigResource resource = new ConfigResource(type, name);
        Map<String, ConfigEntry> entries = new HashMap<>();
        admin.describeConfigs(List.of(resource), new DescribeConfigsOptions().includeSynonyms(true)).all().get()
            .get(resource).entries().forEach(entry -> entries.put(entry.name(), entry));
        return entries;
    }

    static List<Object> rows(Map<String, ConfigDef.ConfigKey> keys, Map<String, ConfigEntry> described) {
        List<Object> rows = new ArrayList<>();
        for (ConfigDef.ConfigKey key : new TreeMap<>(keys).values()) {
            Map<String, Object> row = row(key, described.get(key.name));
            if (keys == AbstractKafkaConfig.CONFIG_DEF.configKeys()) row.put("updateMode", UPDATE_MODES.getOrDefault(key.name, "read-only"));
            rows.add(row);
        }
        return rows;
    }

    static Map<String, Object> row(ConfigDef.ConfigKey key, ConfigEntry entry) {
        Map<String, Object> row = new LinkedHashMap<>();
        row.put("name", key.name);
        row.put("type", key.type.name());
        if (key.hasDefault()) row.put("default", ConfigDef.convertToString(key.defaultValue, key.type));
        else row.put("required", true);
        if (key.validator != null) row.put("valid", validator(key.validator));
        row.put("importance", key.importance.name());
        if (key.internalConfig) row.put("internal", true);
        List<String> synonyms = synonyms(key.name);
        if (!synonyms.isEmpty()) row.put("synonyms", synonyms);
        row.put("described", entry == null ? null : described(entry));
        return row;
    }

    /** The broker's settings behind a topic's, in the order in which they are looked up, with the factor to the topic's unit. */
    static List<String> synonyms(String name) {
        List<String> names = new ArrayList<>();
        var topic = ServerTopicConfigSynonyms.ALL_TOPIC_CONFIG_SYNONYMS.get(name);
        if (topic != null) topic.forEach(synonym -> names.add(synonym.name()));
        else if (GroupConfig.ALL_GROUP_CONFIG_SYNONYMS.containsKey(name)) GroupConfig.brokerSynonym(name).ifPresent(names::add);
        else if (AbstractKafkaConfig.CONFIG_DEF.names().contains(name)) {
            names.addAll(DynamicBrokerConfig.brokerConfigSynonyms(name, true));
            names.remove(name);
        }
        return names;
    }

    static Map<String, Object> described(ConfigEntry entry) {
        Map<String, Object> answer = new LinkedHashMap<>();
        answer.put("type", entry.type().name());
        answer.put("readOnly", entry.isReadOnly());
        if (entry.isSensitive()) answer.put("sensitive", true);
        // What this broker was started with is no fact about Kafka; only defaults are.
        boolean isDefault = entry.source() == ConfigEntry.ConfigSource.DEFAULT_CONFIG;
        if (isDefault) answer.put("value", entry.value());
        List<Object> chain = new ArrayList<>();
        entry.synonyms().stream().filter(synonym -> synonym.source() == ConfigEntry.ConfigSource.DEFAULT_CONFIG)
            .forEach(synonym -> chain.add(Map.of(synonym.name(), synonym.value() == null ? "" : synonym.value())));
        answer.put("defaults", chain);
        return answer;
    }

    /** A validator in its own words, which name values and ranges; one that has none is named by its class. */
    static String validator(ConfigDef.Validator validator) {
        String text = validator.toString();
        return text.isBlank() || text.matches(".*@[0-9a-f]+$") ? validator.getClass().getName().replaceAll("/0x.*|.*[.]", "") : text;
    }
}
