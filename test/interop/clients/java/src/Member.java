import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.RebalanceInProgressException;
import org.apache.kafka.common.errors.WakeupException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/**
 * A member of a group: tells what it has and reads, a JSON object a line. Arguments: bootstrap servers, topic, group,
 * name=value of Kafka's consumer... Ends in order on SIGTERM.
 *
 * Commits after each poll and, as a program must that wants no record twice, when partitions go: while a cooperative
 * rebalance is under way Kafka's client refuses every commit, and Kafka's own VerifiableConsumer leaves it at that.
 */
public final class Member implements ConsumerRebalanceListener {
  private final KafkaConsumer<byte[], byte[]> consumer;

  private Member(Map<String, Object> config) {
    consumer = new KafkaConsumer<>(config, new ByteArrayDeserializer(), new ByteArrayDeserializer());
  }

  public static void main(String[] args) throws InterruptedException {
    Map<String, Object> config = new HashMap<>(Map.of(
        "bootstrap.servers", args[0], "group.id", args[2], "auto.offset.reset", "earliest", "enable.auto.commit", "false"));
    for (String setting : List.of(args).subList(3, args.length)) {
      String[] named = setting.split("=", 2);
      config.put(named[0], named[1]);
    }
    Member member = new Member(config);
    Thread polling = new Thread(() -> member.run(args[1]), "polling");
    Runtime.getRuntime().addShutdownHook(new Thread(() -> {
      member.consumer.wakeup();
      try {
        polling.join();
      } catch (InterruptedException ended) {
        Thread.currentThread().interrupt();
      }
    }));
    polling.start();
    polling.join();
  }

  private void run(String topic) {
    try (consumer) {
      consumer.subscribe(List.of(topic), this);
      for (;;) {
        for (var record : consumer.poll(Duration.ofMillis(100))) {
          System.out.printf("{\"partition\":%d,\"offset\":%d}%n", record.partition(), record.offset());
        }
        try {
          consumer.commitSync();
        } catch (RebalanceInProgressException later) {
          // with the next poll, or when the partitions go
        }
      }
    } catch (WakeupException closing) {
      // as asked
    }
  }

  @Override
  public void onPartitionsAssigned(Collection<TopicPartition> partitions) {
    tell("assigned", partitions);
  }

  @Override
  public void onPartitionsRevoked(Collection<TopicPartition> partitions) {
    consumer.commitSync();
    tell("revoked", partitions);
  }

  @Override
  public void onPartitionsLost(Collection<TopicPartition> partitions) {
    tell("revoked", partitions);
  }

  private static void tell(String what, Collection<TopicPartition> partitions) {
    String numbers = partitions.stream().map(tp -> String.valueOf(tp.partition())).collect(Collectors.joining(","));
    System.out.printf("{\"%s\":[%s]}%n", what, numbers);
  }
}
