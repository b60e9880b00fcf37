package org.apache.kafka.clients.producer.internals;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;
import org.apache.kafka.common.Cluster;
import org.apache.kafka.common.Node;
import org.apache.kafka.common.PartitionInfo;
import org.apache.kafka.common.utils.LogContext;

/** Prints where Kafka's producer places records: by key, and without one, for draws that are told. In Kafka's package, to tell the draws. */
class PartitionerFacts {
    private static final int STICKY_BATCH_BYTES = 1000;

    public static void main(String[] args) {
        System.out.println("{\"keyed\":" + keyed() + ",\"sticky\":" + sticky() + "}");
    }

    private static String keyed() {
        Random random = new Random(7);
        List<String> rows = new ArrayList<>();
        for (int length = 0; length < 60; length++) {
            byte[] key = new byte[length];
            random.nextBytes(key);
            int partitions = 1 + random.nextInt(100);
            rows.add(String.format("{\"key\":\"%s\",\"partitions\":%d,\"partition\":%d}", hex(key), partitions,
                BuiltInPartitioner.partitionForKey(key, partitions)));
        }
        return rows.toString();
    }

    /** Steps of one producer: bytes appended, whether all batches were full after it, and the lengths of the queues before. */
    private static String sticky() {
        Random random = new Random(11);
        Node node = new Node(0, "localhost", 9092);
        Node[] nodes = {node};
        List<PartitionInfo> infos = IntStream.range(0, 5).mapToObj(p -> new PartitionInfo("t", p, node, nodes, nodes)).toList();
        Cluster cluster = new Cluster("c", List.of(node), infos, Set.of(), Set.of());
        List<Integer> draws = new ArrayList<>();
        BuiltInPartitioner partitioner = new BuiltInPartitioner(new LogContext(), "t", STICKY_BATCH_BYTES) {
            @Override
            int randomPartition() {
                int draw = random.nextInt(Integer.MAX_VALUE);
                draws.add(draw);
                return draw;
            }
        };
        List<String> rows = new ArrayList<>();
        for (int step = 0; step < 200; step++) {
            int[] queues = new int[5];
            boolean equal = random.nextInt(3) == 0;
            for (int p = 0; p < 5; p++) queues[p] = equal ? 2 : random.nextInt(6);
            int[] cumulative = queues.clone();
            partitioner.updatePartitionLoadStats(cumulative, new int[] {0, 1, 2, 3, 4}, 5);
            BuiltInPartitioner.StickyPartitionInfo info = partitioner.peekCurrentPartitionInfo(cluster);
            int partition = info.partition();
            int bytes = 50 + random.nextInt(600);
            boolean full = random.nextInt(3) == 0;
            partitioner.updatePartitionInfo(info, bytes, cluster, full);
            rows.add(String.format("{\"queues\":%s,\"partition\":%d,\"bytes\":%d,\"full\":%b}",
                java.util.Arrays.toString(queues), partition, bytes, full));
        }
        return "{\"batchSizeBytes\":" + STICKY_BATCH_BYTES + ",\"draws\":" + draws + ",\"steps\":" + rows + "}";
    }

    private static String hex(byte[] bytes) {
        StringBuilder out = new StringBuilder();
        for (byte b : bytes) out.append(String.format("%02x", b));
        return out.toString();
    }
}
