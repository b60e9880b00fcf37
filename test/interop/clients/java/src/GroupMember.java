import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.errors.WakeupException;
import org.apache.kafka.common.serialization.StringDeserializer;

/** A consumer that polls on a thread of its own until it is closed. */
final class GroupMember implements AutoCloseable {
  private final KafkaConsumer<String, String> consumer;
  private final Thread thread;
  volatile int partitions;
  volatile Exception failure;

  GroupMember(Tour tour, String group, String client, String topic, Map<String, Object> more) {
    Map<String, Object> config = new HashMap<>(tour.config(more));
    config.put("group.id", group);
    config.put("client.id", client);
    config.put("enable.auto.commit", false);
    consumer = new KafkaConsumer<>(config, new StringDeserializer(), new StringDeserializer());
    thread = new Thread(() -> poll(topic), client);
    thread.start();
  }

  private void poll(String topic) {
    try {
      consumer.subscribe(List.of(topic));
      for (;;) {
        consumer.poll(Duration.ofMillis(100));
        partitions = consumer.assignment().size();
      }
    } catch (WakeupException closing) {
      // as asked
    } catch (Exception error) {
      failure = error;
    } finally {
      consumer.close();
    }
  }

  @Override
  public void close() throws Exception {
    consumer.wakeup();
    thread.join();
  }
}
