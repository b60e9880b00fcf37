import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.kafka.clients.consumer.ConsumerGroupMetadata;
import org.apache.kafka.clients.consumer.ConsumerPartitionAssignor;
import org.apache.kafka.clients.consumer.ConsumerPartitionAssignor.Assignment;
import org.apache.kafka.clients.consumer.ConsumerPartitionAssignor.GroupSubscription;
import org.apache.kafka.clients.consumer.ConsumerPartitionAssignor.Subscription;
import org.apache.kafka.clients.consumer.RangeAssignor;
import org.apache.kafka.clients.consumer.RoundRobinAssignor;
import org.apache.kafka.clients.consumer.StickyAssignor;
import org.apache.kafka.common.Cluster;
import org.apache.kafka.common.Node;
import org.apache.kafka.common.PartitionInfo;
import org.apache.kafka.common.TopicPartition;

/** Prints what Kafka's assignors make of groups drawn from a seed, with racks (KIP-881) and what members had before. */
class AssignorFacts {
    private static final int GENERATION = 3;
    private final Random random;
    private final List<Node> nodes;
    private final Map<String, List<PartitionInfo>> topics = new TreeMap<>();
    private final List<String> memberRows = new ArrayList<>();

    private AssignorFacts(long seed) {
        random = new Random(seed);
        boolean bare = random.nextInt(6) == 0;
        int racks = 2 + random.nextInt(2);
        nodes = IntStream.range(0, 6).mapToObj(n -> new Node(n, "localhost", 9092 + n, bare && n % 2 == 1 ? null : "r" + n % racks)).toList();
    }

    public static void main(String[] args) {
        List<String> rows = new ArrayList<>();
        for (int seed = 1; seed <= 40; seed++) rows.add(new AssignorFacts(seed).group(new RangeAssignor(), seed % 2 == 0));
        for (int seed = 41; seed <= 50; seed++) rows.add(new AssignorFacts(seed).group(new RoundRobinAssignor(), seed % 2 == 0));
        for (int seed = 51; seed <= 110; seed++) rows.add(new AssignorFacts(seed).group(new StickyAssignor(), seed % 2 == 0));
        System.out.println(rows);
    }

    private String group(ConsumerPartitionAssignor assignor, boolean alike) {
        int members = 1 + random.nextInt(5);
        int partitions = 1 + random.nextInt(7);
        boolean everywhere = random.nextInt(6) == 0;
        for (String topic : List.of("a", "b", "c").subList(0, 1 + random.nextInt(3))) {
            int count = random.nextBoolean() ? partitions : 1 + random.nextInt(7);
            topics.put(topic, IntStream.range(0, count).mapToObj(p -> partition(topic, p, everywhere)).toList());
        }
        List<TopicPartition> all = new ArrayList<>(topics.values().stream().flatMap(List::stream)
            .map(info -> new TopicPartition(info.topic(), info.partition())).toList());
        Collections.shuffle(all, random);
        boolean isNew = random.nextInt(4) == 0;
        Map<String, Subscription> subscriptions = new LinkedHashMap<>();
        for (int m = 0; m < members; m++) {
            List<String> own = topics.keySet().stream().filter(topic -> alike || random.nextInt(3) > 0).toList();
            if (own.isEmpty()) own = List.of(topics.keySet().iterator().next());
            String rack = random.nextInt(6) == 0 ? null : "r" + random.nextInt(3);
            // uneven on purpose: a group that has something to even out
            int held = isNew || assignor.name().equals("range") ? 0 : Math.min(all.size(), random.nextInt(2 * all.size() / members + 2));
            List<TopicPartition> owned = new ArrayList<>();
            for (TopicPartition tp : List.copyOf(all)) if (owned.size() < held && own.contains(tp.topic())) owned.add(tp);
            all.removeAll(owned);
            subscriptions.put("m" + m, subscription(assignor, own, owned, rack));
            memberRows.add(String.format("{\"memberId\":\"m%d\",\"topics\":%s,\"rackId\":%s,\"owned\":%s}", m, texts(own), text(rack), names(owned)));
        }
        Cluster cluster = new Cluster("c", nodes, topics.values().stream().flatMap(List::stream).toList(), Set.of(), Set.of());
        Map<String, Assignment> assigned = new TreeMap<>(assignor.assign(cluster, new GroupSubscription(subscriptions)).groupAssignment());
        String racks = topics.entrySet().stream().map(entry -> text(entry.getKey()) + ":" + entry.getValue().stream()
            .map(info -> texts(java.util.Arrays.stream(info.replicas()).map(Node::rack).filter(r -> r != null).distinct().sorted().toList()))
            .toList()).collect(Collectors.joining(",", "{", "}"));
        String shares = assigned.entrySet().stream().map(entry -> text(entry.getKey()) + ":" + names(entry.getValue().partitions()))
            .collect(Collectors.joining(",", "{", "}"));
        return String.format("{\"assignor\":\"%s\",\"generation\":%d,\"racks\":%s,\"members\":%s,\"shares\":%s}\n",
            assignor.name(), GENERATION, racks, memberRows, shares);
    }

    private PartitionInfo partition(String topic, int partition, boolean everywhere) {
        List<Node> drawn = new ArrayList<>(nodes);
        Collections.shuffle(drawn, random);
        Node[] replicas = (everywhere ? drawn : drawn.subList(0, 1 + random.nextInt(2))).toArray(new Node[0]);
        return new PartitionInfo(topic, partition, replicas[0], replicas, replicas);
    }

    @SuppressWarnings("removal")
    private static Subscription subscription(ConsumerPartitionAssignor assignor, List<String> topics, List<TopicPartition> owned, String rack) {
        ByteBuffer userData = null;
        if (!owned.isEmpty() && assignor.name().equals("sticky")) {
            StickyAssignor member = new StickyAssignor();
            member.onAssignment(new Assignment(owned), new ConsumerGroupMetadata("g", GENERATION, "m", Optional.empty()));
            userData = member.subscriptionUserData(Set.copyOf(topics));
        }
        return new Subscription(topics, userData, List.of(), owned.isEmpty() ? -1 : GENERATION, Optional.ofNullable(rack));
    }

    private static String text(String word) {
        return word == null ? "null" : "\"" + word + "\"";
    }

    private static String texts(List<String> words) {
        return words.stream().map(AssignorFacts::text).toList().toString();
    }

    private static String names(List<TopicPartition> partitions) {
        return texts(partitions.stream().map(TopicPartition::toString).toList());
    }
}
