import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.SubscriptionPattern;
import org.apache.kafka.common.serialization.StringDeserializer;

/**
 * A member of a consumer group that subscribes by a pattern which the broker resolves (KIP-848). Says what it has whenever
 * that changes, and why it fails. Arguments: bootstrap servers, group, pattern.
 */
public final class PatternMember {
  public static void main(String[] args) {
    Map<String, Object> config = Map.of(
        "bootstrap.servers", args[0], "group.id", args[1], "group.protocol", "consumer", "auto.offset.reset", "earliest");
    try (var consumer = new KafkaConsumer<>(config, new StringDeserializer(), new StringDeserializer())) {
      consumer.subscribe(new SubscriptionPattern(args[2]));
      Set<String> before = null;
      for (;;) {
        consumer.poll(Duration.ofMillis(100));
        Set<String> has = new TreeSet<>();
        consumer.assignment().forEach(partition -> has.add(partition.toString()));
        if (!has.equals(before)) System.out.println("has " + String.join(" ", has));
        before = has;
      }
    } catch (Exception error) {
      System.out.println("error " + error.getClass().getSimpleName());
    }
  }

  private PatternMember() {}
}
