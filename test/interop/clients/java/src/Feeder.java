import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.StringSerializer;

/**
 * Makes the topics of StreamsApp and feeds it: orders of a few customers, and a payment for each. Says how many orders are
 * acknowledged, and "done". Arguments: bootstrap servers, prefix of the topics, orders, orders a second.
 */
public final class Feeder {
  private static final int CUSTOMERS = 7;

  public static void main(String[] args) throws Exception {
    String bootstrap = args[0];
    String prefix = args[1];
    int orders = Integer.parseInt(args[2]);
    int everyMs = 1000 / Integer.parseInt(args[3]);
    try (Admin admin = Admin.create(Map.of("bootstrap.servers", bootstrap))) {
      List<NewTopic> topics = new ArrayList<>();
      for (String name : List.of("orders", "names", "payments", "counts", "windows", "named", "paid")) {
        topics.add(new NewTopic(prefix + "-" + name, 2, (short) 1));
      }
      admin.createTopics(topics).all().get();
    }
    Map<String, Object> config = Map.of(
        "bootstrap.servers", bootstrap, "linger.ms", 5, "delivery.timeout.ms", 120_000, "reconnect.backoff.max.ms", 500);
    var failed = new AtomicInteger();
    try (var producer = new KafkaProducer<>(config, new StringSerializer(), new StringSerializer())) {
      for (int n = 0; n < CUSTOMERS; n++) producer.send(new ProducerRecord<>(prefix + "-names", "c" + n, "name" + n));
      producer.flush();
      System.out.println("ready");
      var acknowledged = new AtomicInteger();
      for (int n = 0; n < orders; n++) {
        producer.send(new ProducerRecord<>(prefix + "-orders", "c" + n * 31 % CUSTOMERS, "o" + n), (at, error) -> {
          if (error != null) failed.incrementAndGet();
          else System.out.println(acknowledged.incrementAndGet());
        });
        producer.send(new ProducerRecord<>(prefix + "-payments", "o" + n, "paid"), (at, error) -> {
          if (error != null) failed.incrementAndGet();
        });
        Thread.sleep(everyMs);
      }
    }
    System.out.println("done, " + failed + " failed");
  }

  private Feeder() {}
}
